import { type Shape, showShape } from "../graph/index.ts";
import type { Model, Variable } from "./model.ts";

/** The variables of a model, as far as a file can hold them. */
export type Variables = Pick<Model, "parameters" | "statistics" | "classes" | "shape">;

/** A tensor of a file. */
export interface Entry<T> {
  readonly name: string;
  readonly shape: Shape;
  readonly tensor: T;
}

/** Refuses a file. The advice is a sentence with a space behind it. */
export type Refuse = (why: string, advice?: string) => never;

/** A layer: what has one name but for the last part. */
interface NamedLayer<V> {
  readonly name: string;
  readonly variables: readonly V[];
}

const layerOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf(".")));
const partOf = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

/** Variables by layer, in the order in which layers begin. */
export function layersOf<V extends { readonly name: string }>(variables: readonly V[]): readonly NamedLayer<V>[] {
  const layers = new Map<string, V[]>();
  for (const variable of variables) layers.set(layerOf(variable.name), [...(layers.get(layerOf(variable.name)) ?? []), variable]);
  return [...layers].map(([name, own]) => ({ name, variables: own }));
}

/**
 * The name of a layer without its numbers, and the numbers. Of `conv`, `conv_1` and `conv_2`, the
 * first has no number and comes first. A single letter at the end is a number, as in `layer_a`.
 */
function ordinal(name: string): { readonly template: string; readonly numbers: readonly number[] } {
  const letter = /(?:^|[^A-Za-z])([A-Za-z])$/.exec(name)?.[1];
  if (letter) return ordinal(`${name.slice(0, -1)}letter_${letter.charCodeAt(0)}`);
  const last = /_?(\d+)$/.exec(name);
  const body = last ? name.slice(0, last.index) : name;
  return {
    template: body.replaceAll(/\d+/g, "#"),
    numbers: [...[...body.matchAll(/\d+/g)].map(([digits]) => Number(digits)), last ? Number(last[1]) : -1],
  };
}

const before = (a: readonly number[], b: readonly number[]): boolean => {
  const at = a.findIndex((number, i) => number !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
};

/** The parameters of a layer with their shapes, which decide what it can stand for. */
const signature = (variables: readonly { readonly name: string; readonly shape: Shape }[]): string =>
  variables
    .filter(({ name }) => !isStatistic(name))
    .map(({ name, shape }) => `${partOf(name)} ${showShape(shape)}`)
    .toSorted()
    .join(", ");

const isStatistic = (name: string): boolean => /^running_(mean|var)$/.test(partOf(name));

/** Layers of a file that were matched with layers of a model. */
interface MatchedLayers<T> {
  /** The names of the layers: the file's own, then the model's. */
  readonly pairs: readonly (readonly [own: string, layer: string])[];
  /** The entries of the file under the names of the model. */
  readonly renamed: ReadonlyMap<string, Entry<T>>;
}

/**
 * Matches the layers of a file that has names of its own (`fc1.weight`, `fc1.bias`, …) with those
 * of a model. A layer can only stand for one whose parts have the same names and shapes. Among
 * several of one kind, numbers in their names decide: `fc2` comes before `fc10`. Names that differ
 * in more than their numbers have no order, so such layers must have different shapes. A layer
 * that has the name of another layer of the model is refused.
 */
export function matchLayers<T>(
  { parameters, statistics }: Variables,
  entries: readonly Entry<T>[],
  refuse: (why: string, expected?: Variable, other?: Entry<T>) => never,
): MatchedLayers<T> {
  const model = layersOf(parameters);
  const file = layersOf(entries);
  const own = new Map<string, string>();
  const kinds = new Set(model.map(({ variables }) => signature(variables)));
  const strange = file.find(({ variables }) => !kinds.has(signature(variables)));
  if (strange) {
    const lonely = model.filter(({ variables }) => !file.some((layer) => signature(layer.variables) === signature(variables)));
    const wanted = lonely.length === 1 ? lonely[0]!.variables[0]! : undefined;
    const other = wanted && strange.variables.find(({ name }) => partOf(name) === partOf(wanted.name));
    refuse(
      `its names differ, and no layer of the model is like ${strange.name || "its own"} (${signature(strange.variables)})`,
      wanted,
      other,
    );
  }
  for (const kind of kinds) {
    const [mine, theirs] = [model, file].map((layers) => layers.filter(({ variables }) => signature(variables) === kind));
    if (theirs!.length !== mine!.length)
      refuse(`its names differ, and it has ${theirs!.length} layers with ${kind}, where the model has ${mine!.length}`);
    const ordered = theirs!.map(({ name }) => ({ name, ...ordinal(name) })).toSorted((a, b) => (before(a.numbers, b.numbers) ? -1 : 1));
    const apart = ordered.find(({ template }) => template !== ordered[0]!.template);
    if (apart)
      refuse(
        `its names differ, and nothing says which of ${ordered[0]!.name} and ${apart.name} comes first (both have ${kind}); rename them as the model's`,
      );
    for (const [i, { name }] of ordered.entries()) own.set(mine![i]!.name, name);
  }
  requireOrder(
    model.map(({ name }) => ({ layer: name, own: own.get(name)! })),
    refuse,
  );
  const parts = new Map(entries.map((entry) => [entry.name, entry]));
  const renamed = new Map<string, Entry<T>>();
  for (const { name } of [...parameters, ...statistics]) {
    const layer = own.get(layerOf(name));
    const entry = parts.get(layer ? `${layer}.${partOf(name)}` : partOf(name));
    if (entry) renamed.set(name, entry);
  }
  for (const entry of entries) if (![...renamed.values()].includes(entry)) refuse(`${entry.name} belongs to no variable`);
  return { pairs: [...own].map(([layer, name]) => [name, layer]), renamed };
}

/** Refuses pairs of layers whose numbers or names contradict the order of the model. */
function requireOrder(pairs: readonly { readonly layer: string; readonly own: string }[], refuse: (why: string) => never): void {
  for (const [i, { layer, own }] of pairs.entries()) {
    const elsewhere = pairs.find((pair) => pair.layer === own);
    if (elsewhere && own !== layer) refuse(`by its shapes, ${own} of the file stands for ${layer}, and the model has another layer ${own}`);
    for (const later of pairs.slice(i + 1)) {
      const [first, second] = [ordinal(own), ordinal(later.own)];
      if (first.template === second.template && before(second.numbers, first.numbers))
        refuse(`by their shapes, ${own} stands for ${layer} and ${later.own} for ${later.layer}, and their numbers say the opposite order`);
    }
  }
}
