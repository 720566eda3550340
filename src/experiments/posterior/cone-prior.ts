import { constant, type Tensor, where } from "../../graph/index.ts";
import type { Prior } from "../../priors/index.ts";

/**
 * The law of the inputs given their labels: N(0, I) in the cone in which W x is largest at the label,
 * up to a constant.
 *
 * @param labeling W, [classes, dimension].
 */
export function conePrior(labeling: Float32Array, classes: number): Prior {
  const w = constant(labeling, [classes, labeling.length / classes]);
  return {
    usesLabels: true,
    density: () => ({
      logProb: ({ x, y }) => {
        const scores = x.matmul(w, false, true);
        const own = scores.mul(y).sum(1);
        const inside: Tensor = own.sub(scores.max(1)).neg().max().lessEqual(0);
        return where(inside, x.square().sum().mul(-0.5), Number.NEGATIVE_INFINITY);
      },
    }),
  };
}
