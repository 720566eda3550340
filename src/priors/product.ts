import { kernelOf } from "../distributions/index.ts";
import { addAll } from "../graph/index.ts";
import { type Prior, scoreOf } from "./prior.ts";

/**
 * The product p(x) ∝ Π pᵢ(x): the logarithms add. A product has no sampler. If a factor has only a
 * score, so does the product.
 */
export function product(factors: readonly Prior[]): Prior {
  const labels = factors.some(({ usesLabels }) => usesLabels) ? { usesLabels: true } : {};
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
