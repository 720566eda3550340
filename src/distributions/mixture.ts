import { type Shape, type Tensor, where } from "../graph/index.ts";
import type { Key } from "../random/index.ts";
import { type Distribution, type Independent, independent } from "./density.ts";

/** A component of a mixture. The weights of all components are positive and sum to 1. */
export interface Weighted<Law> {
  readonly weight: number;
  readonly law: Law;
}

/**
 * log Σ exp of tensors of one shape, entry by entry. The largest is subtracted first; the result is
 * −∞ where all are.
 */
export function logSumExp(logs: readonly Tensor[]): Tensor {
  if (logs.length === 1) return logs[0]!;
  const highest = logs.reduce((most, log) => most.maximum(log)).stopGradient();
  const reference = where(highest.isFinite(), highest, 0);
  return logs
    .map((log) => log.sub(reference).exp())
    .reduce((sum, part) => sum.add(part))
    .log()
    .add(reference);
}

/** A mixture in which one component is chosen for the whole event. */
export const mixture = (parts: readonly Weighted<Distribution<Tensor>>[]): Distribution<Tensor> => ({
  logProb: (event) => logSumExp(parts.map(({ weight, law }) => law.logProb(event).add(Math.log(weight)))),
  sample: (key) => choose(parts, key, () => []),
});

/** A mixture in which each entry chooses its component independently. */
export function entrywiseMixture(parts: readonly Weighted<Independent>[]): Independent {
  return independent(
    (event) => logSumExp(parts.map(({ weight, law }) => law.logProbs(event).add(Math.log(weight)))),
    0,
    (key) => choose(parts, key, (shape) => shape),
  );
}

/**
 * Draws from all components, and returns the draw in whose share of [0, 1) a uniform variable
 * falls. Component i uses the key folded with i; the choice uses the key folded with the number of
 * components.
 */
function choose(parts: readonly Weighted<Distribution<Tensor>>[], key: Key, shapeOfChoice: (shape: Shape) => Shape): Tensor {
  const drawn = parts.map(({ law }, i) => law.sample(key.foldIn(i)));
  const u = key.foldIn(parts.length).uniform(shapeOfChoice(drawn[0]!.shape));
  let chosen = drawn.at(-1)!;
  let below = 1;
  for (let i = parts.length - 2; i >= 0; i--) {
    below -= parts[i + 1]!.weight;
    chosen = where(u.less(below), drawn[i]!, chosen);
  }
  return chosen;
}
