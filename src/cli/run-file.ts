import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { LeakageError } from "../errors.ts";
import { readImage } from "../node/index.ts";
import type { Places } from "../runs/index.ts";
import { perform, type RunFlags } from "./perform.ts";
import { reproduceSpec } from "./reproduce.ts";

/** The flags of `gradleak run`: where the things that the spec names lie, and how it runs. */
export interface RunFileFlags extends RunFlags {
  readonly data?: string;
  readonly dataPath?: string;
  readonly weights?: string;
  readonly update?: string;
  readonly partitionFile?: string;
  readonly truth?: readonly string[];
}

/**
 * Runs `gradleak run`, which does from a file what any command does. The file is a spec in JSON or
 * YAML, or a result, whose spec runs unchanged.
 *
 * @returns the exit code.
 */
export async function runFile(
  file: string,
  { data, dataPath, weights, update, partitionFile, truth, ...flags }: RunFileFlags,
): Promise<number> {
  const spec = specIn(await textOf(file), file);
  if (spec.command === "reproduce") return reproduceSpec(spec, flags, file);
  const places: Places = {
    ...(data === undefined ? {} : { data }),
    ...(dataPath === undefined ? {} : { dataPath }),
    ...(weights === undefined ? {} : { weights }),
    ...(update === undefined ? {} : { update }),
    ...(partitionFile === undefined ? {} : { partition: partitionFile }),
    ...(truth === undefined ? {} : { truth }),
  };
  requireAgreement(spec, places, file);
  const shape = (spec.input as { readonly shape?: readonly [number, number, number] } | undefined)?.shape;
  const extras = truth && shape ? { truth: await Promise.all(truth.map((path) => readImage(path, shape))) } : {};
  return perform({ spec, places, extras }, flags, file);
}

async function textOf(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new LeakageError("file", `${file} cannot be read (${cause.code === "ENOENT" ? "there is no such file" : cause.code}).`, {
      cause,
    });
  });
}

type Fields = { readonly [field: string]: unknown };

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** The spec in a file, or the spec of the result in it. */
function specIn(text: string, file: string): Fields {
  let given: unknown;
  try {
    // YAML includes JSON.
    given = parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    const [line] = (cause as Error).message.split("\n");
    throw new LeakageError("file", `${file} is neither JSON nor YAML: ${line}`, { cause });
  }
  if (!isFields(given))
    throw new LeakageError("file", `${file} must contain a spec, an object with a command; it contains ${describe(given)}.`);
  if (given.spec === null)
    throw new LeakageError(
      "spec",
      `${file} is the result of objects that were made in code: it has no spec, and only that code can run it again.`,
    );
  if (given.spec === undefined && typeof given.format === "string")
    throw new LeakageError("spec", `${file} has the format ${given.format} but no spec, so nothing says how to run it again.`);
  return isFields(given.spec) ? given.spec : given;
}

const describe = (value: unknown): string =>
  value === null || value === undefined ? "nothing" : Array.isArray(value) ? "a list" : `a ${typeof value}`;

/** @throws LeakageError `spec` for a file that the spec cannot use. */
function requireAgreement(spec: Fields, places: Places, file: string): void {
  const client = isFields(spec.client) ? spec.client : {};
  const weights = isFields(client.weights) ? client.weights.kind : "initial";
  if (places.weights !== undefined && weights !== "file")
    throw new LeakageError("spec", `--weights ${places.weights} contradicts ${file}, whose weights are drawn from its seed.`);
  if (places.update !== undefined && spec.command !== "invert")
    throw new LeakageError("spec", `--update ${places.update} contradicts ${file}, whose command is ${JSON.stringify(spec.command)}.`);
  if (places.partition !== undefined && spec.command !== "train")
    throw new LeakageError(
      "spec",
      `--partition-file ${places.partition} contradicts ${file}, whose command is ${JSON.stringify(spec.command)}.`,
    );
  if (places.truth !== undefined && spec.command !== "invert")
    throw new LeakageError("spec", `--truth contradicts ${file}, whose command is ${JSON.stringify(spec.command)}.`);
  if (spec.command === "invert" && places.data !== undefined)
    throw new LeakageError("spec", `--data ${places.data} contradicts ${file}, which is about one update and not a data set.`);
}
