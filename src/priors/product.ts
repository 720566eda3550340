import { kernelOf } from "../distributions/index.ts";
import { addAll } from "../graph/index.ts";
import type { Prior } from "./prior.ts";

/** p(x) ∝ Π pᵢ(x): the logarithms add. A product has no sampler. */
export const product = (factors: readonly Prior[]): Prior => ({
  density: (client) => {
    const densities = factors.map((factor) => factor.density(client));
    return {
      logProb: (batch) => addAll(densities.map((density) => density.logProb(batch)))!,
      kernel: (batch) => addAll(densities.map((density) => kernelOf(density, batch)))!,
    };
  },
});
