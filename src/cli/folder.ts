import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LeakageError } from "../errors.ts";
import { canonicalJson } from "../parts/index.ts";
import type { Store } from "../runs/index.ts";

const runFile = "run.json";
/** What a file is called until it is whole. */
const unfinished = (path: string): string => `${path}.part`;

/**
 * The folder of one result. Everything in it is written whole: to a name of its own first, then
 * renamed.
 */
export class ResultFolder implements Store {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens a new folder, or one in which the same spec was begun.
   *
   * @throws LeakageError `output` for a folder that belongs to another spec, holds other things, or
   * cannot be written.
   */
  static async open(path: string, specHash: string, spec: unknown): Promise<ResultFolder> {
    const folder = new ResultFolder(path);
    try {
      await makeFolder(path);
      const run = folder.at(runFile);
      if (existsSync(run)) {
        const begun = JSON.parse(await readFile(run, "utf8")) as { specHash?: unknown } | null;
        if (typeof begun?.specHash !== "string")
          throw new LeakageError("output", `--out ${path}: ${runFile} names no spec; choose another folder or remove it.`);
        if (begun.specHash !== specHash)
          throw new LeakageError(
            "output",
            `--out ${path} holds the result of another spec (${begun.specHash.slice(0, 12)}…, this one is ${specHash.slice(0, 12)}…); choose another folder or remove it.`,
          );
      } else if ((await readdir(path)).some((name) => name !== unfinished(runFile)))
        throw new LeakageError("output", `--out ${path} is not empty and holds no result of this program; choose another folder.`);
      else await folder.write(runFile, `${canonicalJson({ specHash, spec } as never)}\n`);
    } catch (error) {
      throw unwritable(path, error);
    }
    return folder;
  }

  at(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    const path = this.at(name);
    try {
      await makeFolder(dirname(path));
      await writeFile(unfinished(path), content);
      await rename(unfinished(path), path);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** The content of a file, or nothing where there is none. */
  async read(name: string): Promise<Uint8Array | undefined> {
    return existsSync(this.at(name)) ? new Uint8Array(await readFile(this.at(name))) : undefined;
  }
}

/**
 * Makes a folder and those above it, one by one: Node's own recursion never ends where a system
 * answers that the parent is not there.
 */
async function makeFolder(path: string): Promise<void> {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

function unwritable(path: string, error: unknown): unknown {
  if (error instanceof SyntaxError)
    return new LeakageError("output", `--out ${path}: ${runFile} is not JSON; choose another folder or remove it.`, { cause: error });
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof LeakageError || code === undefined) return error;
  return new LeakageError("output", `--out ${path} cannot be written (${code}); choose a folder that can.`, { cause: error });
}
