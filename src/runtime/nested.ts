import { input, type Shape, Tensor } from "../graph/index.ts";
import { type CompileOptions, compile } from "./onnx.ts";
import type { Numbers } from "./program.ts";

/** Leaves by name, in nested records. */
export type Nested<Leaf> = { readonly [name: string]: Leaf | Nested<Leaf> };

/** The same records with other leaves in place of tensors, or of values with a shape. */
export type Filled<Records, Leaf> = {
  readonly [Name in keyof Records]: NonNullable<Records[Name]> extends { readonly shape: Shape } ? Leaf : Filled<Records[Name], Leaf>;
};

/** The shape and type of an input. */
export interface Place {
  readonly shape: Shape;
  readonly dtype?: "float" | "key";
}

/** A name as a part of a path: a "/" of its own is no separator. */
const segment = (name: string): string => name.replaceAll("%", "%25").replaceAll("/", "%2F");

/** The names that a path joins. */
const namesOf = (path: string): readonly string[] => path.split("/").map((part) => part.replaceAll("%2F", "/").replaceAll("%25", "%"));

type IsLeaf<Leaf> = (value: Leaf | Nested<Leaf>) => value is Leaf;

/**
 * Flattens records to leaves by path, with names joined by "/". The inputs and outputs of a program
 * have flat names.
 */
function flatten<Leaf>(records: Nested<Leaf>, isLeaf: IsLeaf<Leaf>, path = ""): [string, Leaf][] {
  return Object.entries(records).flatMap(([name, value]): [string, Leaf][] =>
    isLeaf(value) ? [[path + segment(name), value]] : flatten(value, isLeaf, `${path}${segment(name)}/`),
  );
}

function mapLeaves<Leaf, To>(records: Nested<Leaf>, isLeaf: IsLeaf<Leaf>, change: (leaf: Leaf, path: string) => To, path = ""): Nested<To> {
  return Object.fromEntries(
    Object.entries(records).map(([name, value]) => [
      name,
      isLeaf(value) ? change(value, path + segment(name)) : mapLeaves(value, isLeaf, change, `${path}${segment(name)}/`),
    ]),
  );
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;
const isNumbers = (value: unknown): value is Numbers => ArrayBuffer.isView(value);
const isPlace = (value: unknown): value is Place => Array.isArray((value as Partial<Place>).shape);

/** Makes an input at each place, named by its path. */
export const inputsAt = <Records extends Nested<Place>>(places: Records): Filled<Records, Tensor> =>
  mapLeaves<Place, Tensor>(places, isPlace as IsLeaf<Place>, ({ shape, dtype }, path) => input(path, shape, dtype)) as Filled<
    Records,
    Tensor
  >;

/** The numbers at places that carry data. */
export const numbersAt = (filled: Nested<Place & { readonly data: Numbers }>): Nested<Numbers> =>
  mapLeaves(filled, isPlace as IsLeaf<Place & { readonly data: Numbers }>, ({ data }) => data);

/**
 * A compiled graph that takes numbers in nested records and returns them in the records of its
 * outputs.
 */
export interface NestedProgram<Outputs extends Nested<Tensor>> {
  run(feeds: Nested<Numbers>): Promise<Filled<Outputs, Float32Array>>;
  dispose(): Promise<void>;
}

/**
 * Compiles nested records of expressions over inputs made by {@link inputsAt}. `run` ignores
 * records of a feed that the program does not use.
 */
export async function compileNested<Outputs extends Nested<Tensor>>(
  outputs: Outputs,
  { fixed, ...options }: Omit<CompileOptions, "fixed"> & { readonly fixed?: Nested<Numbers> } = {},
): Promise<NestedProgram<Outputs>> {
  const flat = Object.fromEntries(flatten<Tensor>(outputs, isTensor as IsLeaf<Tensor>));
  const constants = fixed ? { fixed: Object.fromEntries(flatten<Numbers>(fixed, isNumbers as IsLeaf<Numbers>)) } : {};
  const program = await compile(flat, { ...options, ...constants });
  // Paths are taken apart and put together here, because a run does little beside its step.
  const reads = [...program.inputs.keys()].map((name) => ({ name, path: namesOf(name) }));
  const writes = writesOf(outputs);
  return {
    run: async (feeds) => {
      const given: Record<string, Numbers> = {};
      for (const { name, path } of reads) given[name] = leafAt(feeds, path) as Numbers;
      return written(writes, await program.run(given)) as Filled<Outputs, Float32Array>;
    },
    dispose: () => program.dispose(),
  };
}

/** What is at a path; undefined where there is nothing. */
function leafAt(records: Nested<Numbers>, path: readonly string[]): Numbers | Nested<Numbers> | undefined {
  let at: Numbers | Nested<Numbers> | undefined = records;
  for (const name of path) at = (at as Nested<Numbers> | undefined)?.[name];
  return at;
}

/** The names of records, each with the path of its leaf or with the names of its records. */
type Writes = readonly (readonly [string, string | Writes])[];

const writesOf = (records: Nested<Tensor>, path = ""): Writes =>
  Object.entries(records).map(([name, value]) => [
    name,
    isTensor(value) ? path + segment(name) : writesOf(value, `${path}${segment(name)}/`),
  ]);

function written(writes: Writes, values: Readonly<Record<string, Numbers>>): Nested<Numbers> {
  const records: Record<string, Numbers | Nested<Numbers>> = {};
  for (const [name, at] of writes) records[name] = typeof at === "string" ? values[at]! : written(at, values);
  return records;
}
