import { LeakageError } from "../errors.ts";
import { type NamedNumbers, type Shape, sameShape, showShape } from "../graph/index.ts";
import { foldIn, type KeyBits } from "../random/index.ts";
import type { Model, Variable } from "./model.ts";

/** The values of all parameters and running statistics of a model, by name. */
export type Weights = NamedNumbers;

/** All variables of a model: parameters first, in the order of the state_dict. */
export const variablesOf = ({ parameters, statistics }: Model): readonly Variable[] => [...parameters, ...statistics];

/** New weights. Variable i is drawn with the key folded with i. */
export const initialWeights = (model: Model, key: KeyBits): Weights =>
  new Map(variablesOf(model).map(({ name, shape, initial }, i) => [name, { shape, data: initial(foldIn(key, i), shape) }]));

/**
 * Whether a tensor is PyTorch's count of batches in a normalization layer, which changes nothing
 * that is computed here.
 */
export const isCounter = (name: string): boolean => name.endsWith("num_batches_tracked");

const listing = (entries: readonly { readonly name: string; readonly shape: Shape }[]): string =>
  entries.map(({ name, shape }) => `${name} ${showShape(shape)}`).join(", ");

/**
 * Matches the tensors of a file with the variables of a model: by name if all names match, else in
 * order if the shapes agree one to one.
 *
 * @param source the name of the file, for errors.
 * @throws LeakageError `file` that lists both sides if they do not match.
 */
export function matchTensors<T extends { readonly shape: Shape }>(
  variables: readonly Variable[],
  tensors: ReadonlyMap<string, T>,
  source: string,
): ReadonlyMap<string, T> {
  const found = [...tensors].filter(([name]) => !isCounter(name)).map(([name, tensor]) => ({ name, tensor, shape: tensor.shape }));
  const refuse = (why: string): never => {
    throw new LeakageError(
      "file",
      `${source} does not fit the model: ${why}. The model has ${listing(variables)}; the file has ${listing(found)}`,
    );
  };
  if (variables.every(({ name }) => tensors.has(name))) {
    const surplus = found.filter(({ name }) => !variables.some((variable) => variable.name === name));
    if (surplus.length > 0) refuse(`${surplus.map(({ name }) => name).join(", ")} belongs to no variable`);
    for (const { name, shape } of variables) {
      const other = tensors.get(name)!.shape;
      if (!sameShape(shape, other)) refuse(`${name} must have shape ${showShape(shape)}, not ${showShape(other)}`);
    }
    return new Map(variables.map(({ name }) => [name, tensors.get(name)!]));
  }
  if (found.length !== variables.length) refuse(`it has ${found.length} tensors for ${variables.length} variables, and the names differ`);
  return new Map(
    variables.map(({ name, shape }, i) => {
      const other = found[i]!;
      if (!sameShape(shape, other.shape))
        refuse(`the names differ, and in order ${other.name} ${showShape(other.shape)} stands for ${name} ${showShape(shape)}`);
      return [name, other.tensor];
    }),
  );
}

/**
 * Whether the tensors of a file hold running statistics in addition to a model's parameters, by
 * name or by number.
 */
export const haveStatistics = ({ parameters, statistics }: Model, tensors: ReadonlyMap<string, unknown>): boolean =>
  statistics.some(({ name }) => tensors.has(name)) || tensors.size > parameters.length;

/**
 * The weights of a model from the tensors of a file; see {@link matchTensors}. If a file has no
 * running statistics, they keep their initial values, means of 0 and variances of 1, until
 * `estimateStatistics` computes better ones.
 *
 * @throws LeakageError `file` if the tensors do not match the model or are not finite.
 */
export function weightsFrom(model: Model, tensors: NamedNumbers, source: string): Weights {
  const whole = haveStatistics(model, tensors);
  const matched = matchTensors(whole ? orderAsFile(model, tensors) : model.parameters, tensors, source);
  for (const [name, { data }] of matched) {
    const at = data.findIndex((entry) => !Number.isFinite(entry));
    if (at >= 0) throw new LeakageError("file", `${source}: entry ${at} of ${name} is ${data[at]}, but weights must be finite`);
  }
  const missing = whole ? [] : model.statistics.map(({ name, shape, initial }) => [name, { shape, data: initial([0, 0], shape) }] as const);
  return new Map([...matched, ...missing]);
}

/**
 * The variables in the order of a PyTorch state_dict, which lists running statistics after the
 * parameters of their own layer and not after all parameters.
 */
function orderAsFile(model: Model, tensors: NamedNumbers): readonly Variable[] {
  if (model.statistics.every(({ name }) => tensors.has(name))) return variablesOf(model);
  const layer = (name: string) => name.slice(0, name.lastIndexOf("."));
  return model.parameters.flatMap((parameter, i) => {
    const last = layer(model.parameters[i + 1]?.name ?? "") !== layer(parameter.name);
    return [parameter, ...(last ? model.statistics.filter(({ name }) => layer(name) === layer(parameter.name)) : [])];
  });
}
