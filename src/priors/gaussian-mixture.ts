import { constant, iota, type Tensor } from "../graph/index.ts";
import type { Key } from "../random/index.ts";
import { logConstant, type Mixture } from "./mixture-fit.ts";

/** A mixture as constants of a graph. All L⁻¹ (x − mean) are one matrix product. */
export interface Whitening {
  readonly components: number;
  /** [K · d, n]. */
  readonly matrix: Tensor;
  /** [K · d]. */
  readonly shifts: Tensor;
  /** The logarithm of each component's weight times its density at the mean, [K]. */
  readonly logs: Tensor;
}

/**
 * The constants of a mixture.
 *
 * @param basis orthonormal rows [d, n] that map a point of n numbers to the coordinates of the
 * mixture. Without it, n = d.
 */
export function whiteningOf(mixture: Mixture, basis?: Float64Array): Whitening {
  const { d, weights, means, whiteners } = mixture;
  const k = weights.length;
  const n = basis ? basis.length / d : d;
  const matrix = new Float64Array(k * d * n);
  const shifts = new Float64Array(k * d);
  for (let row = 0; row < k * d; row++) {
    const c = Math.floor(row / d);
    for (let j = 0; j <= row - c * d; j++) {
      const w = whiteners[row * d + j]!;
      shifts[row]! -= w * means[c * d + j]!;
      if (basis) for (let i = 0; i < n; i++) matrix[row * n + i]! += w * basis[j * n + i]!;
      else matrix[row * n + j] = w;
    }
  }
  const logs = Float64Array.from(weights, (weight, c) => Math.log(weight) + logConstant(mixture, c));
  return { components: k, matrix: constant(matrix, [k * d, n]), shifts: constant(shifts), logs: constant(logs) };
}

/** log p of rows [N, n], one value per row: log Σ_k weight_k N(x; mean_k, L_k L_kᵀ). */
export function logDensities({ components, matrix, shifts, logs }: Whitening, rows: Tensor): Tensor {
  const z = rows.matmul(matrix, false, true).add(shifts);
  const joint = z.reshape([rows.shape[0]!, components, -1]).square().sum(2).mul(-0.5).add(logs);
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
  const passed = key.stream("choice").uniform([count, 1]).greaterEqual(constant(below)).toFloat().sum(1, true);
  const chosen = passed.sub(1).equal(iota(k)).toFloat();
  const noise = key
    .stream("noise")
    .normal([count, d])
    .matmul(constant(factors, [k * d, d]), false, true)
    .reshape([count, k, d]);
  return noise
    .mul(chosen.reshape([count, k, 1]))
    .sum(1)
    .add(chosen.matmul(constant(means, [k, d])));
}
