import { LeakageError } from "../errors.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../graph/index.ts";
import { type Entry, layersOf, matchLayers, type Refuse, type Variables } from "./match-layers.ts";
import type { Variable } from "./model.ts";

/** The tensors of a file by the names of a model. */
interface Matched<T> {
  /** All parameters, and all running statistics if the file has them. */
  readonly tensors: ReadonlyMap<string, T>;
  /** How they were matched, if the names of the file are not those of the model. */
  readonly note?: string;
}

/**
 * Whether a tensor is PyTorch's count of batches in a normalization layer, which changes nothing
 * that is computed here.
 */
export const isCounter = (name: string): boolean => name.endsWith("num_batches_tracked");

/**
 * Matches the tensors of a file with the variables of a model, and checks every shape.
 *
 * 1. By name. A prefix that all names share is left out, and so are the names that wrappers of
 *    PyTorch add (`module`, `_orig_mod`, `_module`, …), and a final `.grad`.
 * 2. By layer, if the names are the file's own; see {@link matchLayers}.
 * 3. In the order of their numbers, if they have no names but numbers (`arr_0`, `arr_1`, …).
 *
 * The order of a file says nothing, because safetensors sorts. Counters of batches are left out:
 * `num_batches_tracked`, and single numbers in a model that has none.
 *
 * @param source the name of the file, for errors.
 * @throws LeakageError `file` that lists both sides if they do not match.
 */
export function matchTensors<T extends { readonly shape: Shape }>(
  model: Variables,
  tensors: ReadonlyMap<string, T>,
  source: string,
): Matched<T> {
  const scalars = [...model.parameters, ...model.statistics].some(({ shape }) => shape.length === 0);
  const found = [...tensors]
    .filter(([name, { shape }]) => !isCounter(name) && (scalars || shape.length > 0))
    .map(([name, tensor]): Entry<T> => ({ name, tensor, shape: tensor.shape }));
  const refuse: Refuse = (why, advice = "") => {
    throw new LeakageError(
      "file",
      `${source} does not fit the model: ${why}. ${advice}The model has ${listing(model.parameters)}; the file has ${listing(found)}.`,
    );
  };
  const numbered = inOrderOfNumbers(found);
  if (numbered) return byPosition(model, numbered, source, refuse);
  for (const renamed of renamings(found))
    if (model.parameters.every(({ name }) => renamed.has(name))) return { tensors: byName(model, renamed, refuse) };
  const kernel = found.find(({ name }) => /(^|[./])kernel(:0)?$/.test(name));
  if (kernel)
    refuse(
      `${kernel.name} is named as Keras and Flax name weights, which they store with the inputs first`,
      "Transpose the weights of dense layers to [outputs, inputs] and those of convolutions to [outputs, inputs, height, width], and name them weight. ",
    );
  const { pairs, renamed } = matchLayers(model, found, (why, expected, other) =>
    refuse(why, expected && other ? hint(model, expected, other.shape) : ""),
  );
  return {
    tensors: byName(model, renamed, refuse),
    note: `The layers of ${source} have names of their own, and were matched by their numbers and shapes: ${listed(pairs.map(([own, layer]) => `${own} for ${layer}`))}.`,
  };
}

const most = 40;

const listed = (texts: readonly string[]): string =>
  texts.length > most ? `${texts.slice(0, most).join(", ")} and ${texts.length - most} more` : texts.join(", ");

const listing = (entries: readonly { readonly name: string; readonly shape: Shape }[]): string =>
  listed(entries.map(({ name, shape }) => `${name} ${showShape(shape)}`));

/** Names that wrappers of PyTorch, Opacus and FSDP put into a path. */
const wrappers = new Set(["module", "_orig_mod", "_module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"]);

/** The entries under the names that they have without prefixes, from the least change on. */
function* renamings<T>(entries: readonly Entry<T>[]): Generator<ReadonlyMap<string, Entry<T>>> {
  const bare = entries.map(({ name }) => name.replace(/\.grad$/, ""));
  const unwrapped = bare.map((name) =>
    name
      .split(".")
      .filter((part) => !wrappers.has(part))
      .join("."),
  );
  yield named(
    entries,
    entries.map(({ name }) => name),
  );
  for (const names of [bare, unwrapped])
    for (let depth = 0; depth <= commonDepth(names); depth++)
      yield named(
        entries,
        names.map((name) => name.split(".").slice(depth).join(".")),
      );
}

/** The entries by other names; empty if two of them have one name. */
function named<T>(entries: readonly Entry<T>[], names: readonly string[]): ReadonlyMap<string, Entry<T>> {
  const renamed = new Map(entries.map((entry, i) => [names[i]!, entry]));
  return renamed.size < entries.length ? new Map() : renamed;
}

/** How many parts all names begin with, at least one part of each left over. */
function commonDepth(names: readonly string[]): number {
  const [first = [], ...others] = names.map((name) => name.split(".").slice(0, -1));
  let depth = 0;
  while (depth < first.length && others.every((parts) => parts[depth] === first[depth])) depth++;
  return depth;
}

/** All parameters, and all running statistics or none. */
function byName<T>(model: Variables, renamed: ReadonlyMap<string, Entry<T>>, refuse: Refuse): ReadonlyMap<string, T> {
  const { parameters, statistics } = model;
  const some = statistics.some(({ name }) => renamed.has(name));
  const wanted = some ? [...parameters, ...statistics] : parameters;
  const known = new Set([...parameters, ...statistics].map(({ name }) => name));
  const surplus = [...renamed].filter(([name]) => !known.has(name)).map(([, entry]) => entry.name);
  if (surplus.length > 0) refuse(`${listed(surplus)} belongs to no variable`);
  const missing = wanted.filter(({ name }) => !renamed.has(name)).map(({ name }) => name);
  if (missing.length > 0) refuse(`it has no ${listed(missing)}`);
  return new Map(wanted.map((variable) => [variable.name, fitting(model, variable, renamed.get(variable.name)!, refuse)]));
}

/** The tensor of an entry that has the shape of a variable. */
function fitting<T>(model: Variables, variable: Variable, { name, shape, tensor }: Entry<T>, refuse: Refuse): T {
  if (sameShape(variable.shape, shape)) return tensor;
  const whose = name === variable.name ? name : `${name}, which stands for ${variable.name},`;
  return refuse(`${whose} must have shape ${showShape(variable.shape)}, not ${showShape(shape)}`, hint(model, variable, shape));
}

/** What a wrong shape says about the flags: other classes, or other inputs. */
function hint({ parameters, classes, shape }: Variables, { name, shape: wanted }: Variable, found: Shape): string {
  const layers = layersOf(parameters);
  const isOf = (layer: (typeof layers)[number] | undefined) => layer?.variables.some((variable) => variable.name === name) === true;
  const sameBut = (axis: number) => wanted.length === found.length && wanted.every((extent, i) => i === axis || extent === found[i]);
  if (isOf(layers.at(-1)) && wanted[0] === classes && sameBut(0))
    return `It is of a network with ${found[0]} classes, and this one has ${classes}: state --classes ${found[0]}. `;
  if (!isOf(layers[0]) || wanted.length < 2 || !sameBut(1)) return "";
  const [unit, own] = wanted.length === 2 ? ["number", sizeOf(shape)] : ["channel", shape[0]!];
  const takes = `${found[1]} ${unit}${found[1] === 1 ? "" : "s"}`;
  return `Its first layer takes ${takes}, and an input of shape ${showShape(shape)} has ${own}: state its inputs with --input-shape, or a folder's with --size and --channels. `;
}

/**
 * Entries in the order of their numbers if their names are only numbers, behind one word at most;
 * otherwise undefined.
 */
function inOrderOfNumbers<T>(entries: readonly Entry<T>[]): readonly Entry<T>[] | undefined {
  const parts = entries.map((entry) => ({ entry, match: /^([A-Za-z_]*)(\d+)$/.exec(entry.name) }));
  if (parts.length < 2 || parts.some(({ match }) => match === null || match[1] !== parts[0]!.match![1])) return undefined;
  return parts.toSorted((a, b) => Number(a.match![2]) - Number(b.match![2])).map(({ entry }) => entry);
}

/** The entries in the order of a PyTorch state_dict, with running statistics or without. */
function byPosition<T>(model: Variables, entries: readonly Entry<T>[], source: string, refuse: Refuse): Matched<T> {
  const { parameters, statistics } = model;
  const ordered = layersOf([...parameters, ...statistics]).flatMap((layer) => layer.variables);
  // Some programs turn the counter of a normalization into a list of one number.
  const counted = ordered.flatMap((variable) => (variable.name.endsWith("running_var") ? [variable, undefined] : [variable]));
  const places = [parameters, ordered, counted].find(({ length }) => length === entries.length);
  if (!places) {
    const counts = [...new Set([parameters.length, ordered.length])].join(" or ");
    return refuse(`it has ${entries.length} tensors without names, and the model has ${counts}`);
  }
  const counter = entries.find(({ shape }, i) => places[i] === undefined && sizeOf(shape) !== 1);
  if (counter) refuse(`${counter.name} stands for a counter of batches and has shape ${showShape(counter.shape)}`);
  const variables = places.filter((variable) => variable !== undefined);
  return {
    tensors: new Map(
      places.flatMap((variable, i) => (variable ? [[variable.name, fitting(model, variable, entries[i]!, refuse)] as const] : [])),
    ),
    note: `The tensors of ${source} have no names, and were taken in the order of their numbers: ${entries[0]!.name} for ${variables[0]!.name} to ${entries.at(-1)!.name} for ${variables.at(-1)!.name}.`,
  };
}
