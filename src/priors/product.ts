import { kernelOf } from "../distributions/index.ts";
import { LeakageError } from "../errors.ts";
import { addAll } from "../graph/index.ts";
import { climbed, type Prior, scoreOf } from "./prior.ts";

/** What a search climbs for all factors. */
const together =
  (factors: readonly Prior[]): NonNullable<Prior["softened"]> =>
  (client) => {
    const each = factors.map((factor) => climbed(factor, client));
    return (batch) => addAll(each.map((one) => one(batch)))!;
  };

/**
 * The product p(x) ∝ Π pᵢ(x): the logarithms add. A product has no sampler. If a factor has only a
 * score, so does the product.
 *
 * @throws LeakageError `spec` for two factors that are 0 somewhere: nothing projects onto both.
 */
export function product(factors: readonly Prior[]): Prior {
  const bounded = factors.filter(({ support }) => support);
  if (bounded.length > 1)
    throw new LeakageError("spec", "A product of priors takes at most one factor that is 0 somewhere; leave the others out.");
  const labels = {
    ...(factors.some(({ usesLabels }) => usesLabels) ? { usesLabels: true } : {}),
    ...(bounded[0] ? { support: bounded[0].support! } : {}),
    ...(factors.some(({ softened }) => softened) ? { softened: together(factors) } : {}),
  };
  if (factors.some(({ score }) => score))
    return {
      ...labels,
      score: (client) => {
        const scores = factors.map((factor) => scoreOf(factor, client));
        return (batch) => addAll(scores.map((score) => score(batch)))!;
      },
    };
  return {
    ...labels,
    density: (client) => {
      const densities = factors.map((factor) => factor.density!(client));
      return {
        logProb: (batch) => addAll(densities.map((density) => density.logProb(batch)))!,
        kernel: (batch) => addAll(densities.map((density) => kernelOf(density, batch)))!,
      };
    },
  };
}
