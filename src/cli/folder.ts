import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LeakageError } from "../errors.ts";
import { canonicalJson } from "../parts/index.ts";
import type { Store } from "../runs/index.ts";

const runFile = "run.json";
/** The name of a file until it is complete. */
const unfinished = (path: string): string => `${path}.part`;

/**
 * The folder of one result. Every file in it is complete: it is written under another name first,
 * then renamed.
 */
export class ResultFolder implements Store {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens a new folder, or a folder in which a run of the same spec began.
   *
   * @throws LeakageError `output` for a folder that belongs to another spec, contains other things,
   * or cannot be written.
   */
  static async open(path: string, specHash: string, spec: unknown): Promise<ResultFolder> {
    const folder = new ResultFolder(path);
    try {
      await makeFolder(path);
      const run = folder.at(runFile);
      if (existsSync(run)) {
        const begun = JSON.parse(await readFile(run, "utf8")) as { specHash?: unknown } | null;
        if (typeof begun?.specHash !== "string")
          throw new LeakageError("output", `--out ${path}: ${runFile} names no spec; choose another folder or remove this one.`);
        if (begun.specHash !== specHash)
          throw new LeakageError(
            "output",
            `--out ${path} has the result of another spec (${begun.specHash.slice(0, 12)}…, this one is ${specHash.slice(0, 12)}…); choose another folder or remove that one.`,
          );
      } else if ((await readdir(path)).some((name) => name !== unfinished(runFile)))
        throw new LeakageError("output", `--out ${path} is not empty and has no result of this program; choose another folder.`);
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

  /** The content of a file; undefined if it does not exist. */
  async read(name: string): Promise<Uint8Array | undefined> {
    return existsSync(this.at(name)) ? new Uint8Array(await readFile(this.at(name))) : undefined;
  }
}

/**
 * Makes a folder and its parents, one by one. Node's own recursion never ends on a system that
 * answers that the parent does not exist.
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
    return new LeakageError("output", `--out ${path}: ${runFile} is not JSON; choose another folder or remove this one.`, { cause: error });
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof LeakageError || code === undefined) return error;
  return new LeakageError("output", `--out ${path} cannot be written (${code}); choose another folder.`, { cause: error });
}
