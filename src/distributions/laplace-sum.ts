import { filled, type Tensor } from "../graph/index.ts";
import { type Independent, independent } from "./density.ts";
import { logFactorial } from "./log-factorial.ts";

/**
 * The sum of `mean` and `count` ≥ 1 independent draws of Laplace(0, b) in each entry (standard
 * deviation b·√(2·count)). With n = count and z = |s − mean| / b, the density is e^−z / (b 2ⁿ
 * (n−1)!) · Σⱼ (n−1+j)! / (j! (n−1−j)! 2ʲ) · z^(n−1−j), j = 0 … n−1. This is a Bessel function of
 * half-integer order (Kotz, Kozubowski & Podgórski 2001, §2.3).
 */
export function laplaceSum(mean: Tensor, b: number, count: number): Independent {
  const order = count - 1;
  const constantTerm = logFactorial(2 * order) - logFactorial(order) - order * Math.LN2;
  return independent(
    (x) => {
      const z = x.sub(mean).abs().div(b);
      return logBessel(z, order).sub(z);
    },
    Math.log(b) + count * Math.LN2 + logFactorial(order) - constantTerm,
    (key) =>
      key
        .laplace([count, ...mean.shape])
        .sum(0)
        .mul(b)
        .add(mean),
  );
}

/**
 * The mean of `count` independent draws of Laplace(0, b), around `mean`: the noise of a batch of
 * that size whose examples each add their own draw.
 */
export const laplaceMean = (mean: Tensor, b: number, count: number): Independent => laplaceSum(mean, b / count, count);

/**
 * log Σ aₖ zᵏ / a₀ for z ≥ 0, k = 0 … order, where aₖ = (2·order − k)! / ((order − k)! k! 2^(order
 * − k)). This is Horner's rule in logs, 1 + r z (1 + r′ z (…)), with the ratios r = aₖ / aₖ₋₁ = 2
 * (order − k + 1) / ((2·order − k + 1) k). All terms are positive, so nothing cancels and nothing
 * overflows.
 */
function logBessel(z: Tensor, order: number): Tensor {
  // Below the floor, the polynomial is 1 to the last digit. Without it, log 0 would spoil the
  // derivative.
  const logZ = z.maximum(1e-30).log();
  let inner = filled(0, z.shape);
  for (let k = order; k >= 1; k--) {
    const ratio = (2 * (order - k + 1)) / ((2 * order - k + 1) * k);
    inner = logZ.add(Math.log(ratio)).add(inner).softplus();
  }
  return inner;
}
