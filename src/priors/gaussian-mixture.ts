import { constant, iota, type Tensor } from "../graph/index.ts";
import type { Key } from "../random/index.ts";
import { logConstant, type Mixture } from "./mixture-fit.ts";

/**
 * log p of rows [N, n], one each: log Σ_k weight_k N(x; mean_k, L_k L_kᵀ), by one matrix product with all L⁻¹.
 *
 * @param basis rows [d, n] that take a row to the mixture's coordinates; without it n = d.
 */
export function logDensities(mixture: Mixture, rows: Tensor, basis?: Float64Array): Tensor {
  const { d, weights, means, whiteners } = mixture;
  const k = weights.length;
  const n = rows.shape[1]!;
  const whitening = new Float64Array(k * d * n);
  const shifts = new Float64Array(k * d);
  for (let row = 0; row < k * d; row++) {
    const c = Math.floor(row / d);
    for (let j = 0; j <= row - c * d; j++) {
      const w = whiteners[row * d + j]!;
      shifts[row]! -= w * means[c * d + j]!;
      if (basis) for (let i = 0; i < n; i++) whitening[row * n + i]! += w * basis[j * n + i]!;
      else whitening[row * n + j] = w;
    }
  }
  const logs = Float64Array.from(weights, (weight, c) => Math.log(weight) + logConstant(mixture, c));
  const z = rows.matmul(constant(whitening, [k * d, n]), false, true).add(constant(shifts));
  const joint = z.reshape([-1, k, d]).square().sum(2).mul(-0.5).add(constant(logs));
  const top = joint.max(1, true).stopGradient();
  return joint
    .sub(top)
    .exp()
    .sum(1)
    .log()
    .add(top.reshape([-1]));
}

/** `count` rows [count, d] drawn from the mixture. */
export function drawRows({ d, weights, means, factors }: Mixture, count: number, key: Key): Tensor {
  const k = weights.length;
  let sum = 0;
  const below = Float64Array.from(weights, (weight) => {
    sum += weight;
    return sum - weight;
  });
  // The component is the number of cumulative weights that the uniform has passed, less one.
  const passed = key.foldIn(0).uniform([count, 1]).greaterEqual(constant(below)).toFloat().sum(1, true);
  const chosen = passed.sub(1).equal(iota(k)).toFloat();
  const noise = key
    .foldIn(1)
    .normal([count, d])
    .matmul(constant(factors, [k * d, d]), false, true)
    .reshape([count, k, d]);
  return noise
    .mul(chosen.reshape([count, k, 1]))
    .sum(1)
    .add(chosen.matmul(constant(means, [k, d])));
}
