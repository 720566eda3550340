import { LeakageError } from "../errors.ts";
import type { NamedNumbers } from "../graph/index.ts";
import { foldIn, type KeyBits } from "../random/index.ts";
import { matchTensors } from "./match-tensors.ts";
import type { Model, Variable } from "./model.ts";

/** The values of all parameters and running statistics of a model, by name. */
export type Weights = NamedNumbers;

/** All variables of a model: parameters first, in the order of the state_dict. */
export const variablesOf = ({ parameters, statistics }: Model): readonly Variable[] => [...parameters, ...statistics];

/** New weights. Variable i is drawn with the key folded with i. */
export const initialWeights = (model: Model, key: KeyBits): Weights =>
  new Map(variablesOf(model).map(({ name, shape, initial }, i) => [name, { shape, data: initial(foldIn(key, i), shape) }]));

/**
 * The weights of a model from the tensors of a file; see {@link matchTensors}. If a file has no
 * running statistics, they keep their initial values, means of 0 and variances of 1, until
 * `estimateStatistics` computes better ones.
 *
 * @throws LeakageError `file` if the tensors do not match the model or are not finite.
 */
export const weightsFrom = (model: Model, tensors: NamedNumbers, source: string): Weights =>
  completeWeights(model, matchTensors(model, tensors, source).tensors, source);

/** Whether matched tensors hold running statistics in addition to a model's parameters. */
export const haveStatistics = ({ statistics }: Model, matched: ReadonlyMap<string, unknown>): boolean =>
  statistics.some(({ name }) => matched.has(name));

/**
 * Weights from matched tensors, with running statistics.
 *
 * @throws LeakageError `file` for numbers that are not finite.
 */
export function completeWeights(model: Model, matched: NamedNumbers, source: string): Weights {
  for (const [name, { data }] of matched) {
    const at = data.findIndex((entry) => !Number.isFinite(entry));
    if (at >= 0) throw new LeakageError("file", `${source}: entry ${at} of ${name} is ${data[at]}, but weights must be finite`);
  }
  const missing = haveStatistics(model, matched)
    ? []
    : model.statistics.map(({ name, shape, initial }) => [name, { shape, data: initial([0, 0], shape) }] as const);
  return new Map([...matched, ...missing]);
}
