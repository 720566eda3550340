import type { KeyBits } from "../random/index.ts";
import { cholesky, invertLower } from "./cholesky.ts";
import { nearestCenters } from "./k-means.ts";
import type { Points } from "./points.ts";

/** The mixture Σ_k weight_k N(mean_k, L_k L_kᵀ) in d dimensions. */
export interface Mixture {
  readonly d: number;
  /** The weights [K], which add up to 1. */
  readonly weights: Float64Array;
  /** The means, [K, d]. */
  readonly means: Float64Array;
  /** L, the lower Cholesky factors of the covariances, [K, d, d]. */
  readonly factors: Float64Array;
  /** L⁻¹, [K, d, d]. */
  readonly whiteners: Float64Array;
}

export interface MixtureFit {
  /** The number of components K. A fit has fewer if there are fewer points. */
  readonly components: number;
  /** The number of iterations of expectation and maximization. */
  readonly iterations: number;
  /**
   * The variance that is added to the diagonal of every covariance: points are taken as seen
   * through noise of this variance.
   */
  readonly floor: number;
}

/**
 * A component has no part in a point if its logarithm is this much below the best, a factor of
 * e⁻⁴⁰.
 */
const negligible = 40;
/** A part in a point below this moves no mean and no covariance. */
const faint = 1e-12;

/**
 * The part that each component has in each point. Entry c lists the points of component c and its
 * part in each.
 */
type Parts = readonly { readonly points: Int32Array; readonly parts: Float64Array }[];

/**
 * Fits a Gaussian mixture with full covariances by expectation-maximization (Dempster et al. 1977),
 * from k-means clusters with k-means++ centers. The result depends only on the points, the options
 * and the key.
 */
export function fitMixture(points: Points, { components, iterations, floor }: MixtureFit, key: KeyBits): Mixture {
  const clusters = nearestCenters(points, Math.min(components, points.count), key);
  let mixture = maximize(points, partsOf(clusters), floor);
  let likely: Int32Array = Int32Array.from(clusters.nearest);
  for (let i = 0; i < iterations; i++) {
    const expected = expectation(points, mixture, likely);
    likely = expected.likely;
    mixture = maximize(points, expected.parts, floor);
  }
  return mixture;
}

const partsOf = ({ nearest, k }: { nearest: Int32Array; k: number }): Parts =>
  Array.from({ length: k }, (_, c) => {
    const points = Int32Array.from(nearest.keys()).filter((p) => nearest[p] === c);
    return { points, parts: new Float64Array(points.length).fill(1) };
  });

/**
 * The part of each component in each point, the most likely component of each point, and the mean
 * over points of log p.
 *
 * @param guess a component for each point that is probably the most likely. A better guess gives up
 * the other components sooner.
 */
export function expectation(
  points: Points,
  mixture: Mixture,
  guess: Int32Array,
): { readonly parts: Parts; readonly likely: Int32Array; readonly logLikelihood: number } {
  const { count } = points;
  const k = mixture.weights.length;
  const constants = Float64Array.from(mixture.weights, (weight, c) => Math.log(weight) + logConstant(mixture, c));
  const logs = new Float64Array(k * count).fill(Number.NEGATIVE_INFINITY);
  const best = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const likely = Int32Array.from(guess);
  const all = Int32Array.from({ length: count }, (_, p) => p);
  // Go component by component, so that its matrix stays in the processor's cache. First each point
  // meets the component that is guessed for it.
  for (const guessed of [true, false])
    for (let c = 0; c < k; c++) {
      const chosen = all.filter((p) => (guess[p] === c) === guessed && constants[c]! > best[p]! - negligible);
      const limits = Float64Array.from(chosen, (p) => 2 * (constants[c]! - best[p]! + negligible));
      const squares = whitenedSquares(points, chosen, mixture, c, limits);
      chosen.forEach((p, i) => {
        const log = constants[c]! - 0.5 * squares[i]!;
        logs[c * count + p] = log;
        if (log > best[p]!) [best[p], likely[p]] = [log, c];
      });
    }
  const sums = new Float64Array(count);
  for (let c = 0; c < k; c++) for (let p = 0; p < count; p++) sums[p]! += Math.exp(logs[c * count + p]! - best[p]!);
  const parts = Array.from({ length: k }, (_, c) => {
    const part = (p: number) => Math.exp(logs[c * count + p]! - best[p]!) / sums[p]!;
    const own = all.filter((p) => part(p) > faint);
    return { points: own, parts: Float64Array.from(own, part) };
  });
  return { parts, likely, logLikelihood: sums.reduce((total, sum, p) => total + best[p]! + Math.log(sum), 0) / count };
}

/** The logarithm of a component's density at its mean: −½ log det 2πLLᵀ. */
export function logConstant({ d, whiteners }: Pick<Mixture, "d" | "whiteners">, c: number): number {
  let sum = -0.5 * d * Math.log(2 * Math.PI);
  for (let i = 0; i < d; i++) sum += Math.log(whiteners[(c * d + i) * d + i]!);
  return sum;
}

/**
 * ‖L⁻¹(x − mean)‖² of the chosen points, or a number above the limit. It takes four points at a
 * time, because each addition to a single sum would wait for the one before.
 */
function whitenedSquares(
  { d, data }: Points,
  chosen: Int32Array,
  { whiteners, means }: Mixture,
  c: number,
  limits: Float64Array,
): Float64Array {
  const squares = new Float64Array(chosen.length);
  const x = new Float64Array(4 * d);
  for (let first = 0; first < chosen.length; first += 4) {
    const last = chosen.length - 1;
    for (let j = 0; j < d; j++)
      for (let lane = 0; lane < 4; lane++) x[4 * j + lane] = data[chosen[Math.min(first + lane, last)]! * d + j]! - means[c * d + j]!;
    const limit = (lane: number) => limits[Math.min(first + lane, last)]!;
    const [l0, l1, l2, l3] = [limit(0), limit(1), limit(2), limit(3)];
    let q0 = 0;
    let q1 = 0;
    let q2 = 0;
    let q3 = 0;
    // Two rows at a time, a (i) and b (i + 1). Right of the diagonal, rows are 0.
    for (let i = 0; i < d; i += 2) {
      const rowA = (c * d + i) * d;
      const rowB = i + 1 < d ? rowA + d : rowA;
      const columns = Math.min(i + 2, d);
      let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let j = 0, at = 0; j < columns; j++, at += 4) {
        const a = whiteners[rowA + j]!;
        const b = whiteners[rowB + j]!;
        const x0 = x[at]!;
        const x1 = x[at + 1]!;
        const x2 = x[at + 2]!;
        const x3 = x[at + 3]!;
        a0 += a * x0;
        a1 += a * x1;
        a2 += a * x2;
        a3 += a * x3;
        b0 += b * x0;
        b1 += b * x1;
        b2 += b * x2;
        b3 += b * x3;
      }
      if (rowB === rowA) [b0, b1, b2, b3] = [0, 0, 0, 0];
      q0 += a0 * a0 + b0 * b0;
      q1 += a1 * a1 + b1 * b1;
      q2 += a2 * a2 + b2 * b2;
      q3 += a3 * a3 + b3 * b3;
      if (q0 > l0 && q1 > l1 && q2 > l2 && q3 > l3) break;
    }
    [q0, q1, q2, q3].forEach((square, lane) => {
      if (first + lane <= last) squares[first + lane] = square;
    });
  }
  return squares;
}

/**
 * The mixture that makes the points most likely, given the part of each component in each point.
 */
export function maximize({ d, count, data }: Points, parts: Parts, floor: number): Mixture {
  const k = parts.length;
  const weights = new Float64Array(k);
  const means = new Float64Array(k * d);
  const factors = new Float64Array(k * d * d);
  const whiteners = new Float64Array(k * d * d);
  parts.forEach(({ points, parts: own }, c) => {
    // A component without points keeps a trace of weight, so that no logarithm is infinite.
    const weight = own.reduce((sum, part) => sum + part, 10 * Number.EPSILON);
    const mean = means.subarray(c * d, (c + 1) * d);
    points.forEach((p, i) => {
      for (let j = 0; j < d; j++) mean[j]! += (own[i]! / weight) * data[p * d + j]!;
    });
    const covariance = scatterOf({ d, count, data }, points, own, mean).map((sum) => sum / weight);
    for (let i = 0; i < d; i++) covariance[i * d + i]! += floor;
    const factor = cholesky(covariance, d);
    weights[c] = weight / count;
    factors.set(factor, c * d * d);
    whiteners.set(invertLower(factor, d), c * d * d);
  });
  return { d, weights, means, factors, whiteners };
}

/**
 * Σ part · (x − mean)(x − mean)ᵀ, the lower half. It takes four points at a time, so that sums are
 * read and written once for all four.
 */
function scatterOf({ d, data }: Points, points: Int32Array, parts: Float64Array, mean: Float64Array): Float64Array {
  const sums = new Float64Array(d * d);
  const x = new Float64Array(4 * d);
  for (let first = 0; first < points.length; first += 4) {
    for (let lane = 0; lane < 4; lane++) {
      const i = first + lane;
      const root = i < points.length ? Math.sqrt(parts[i]!) : 0;
      const from = i < points.length ? points[i]! * d : 0;
      for (let j = 0; j < d; j++) x[4 * j + lane] = root * (data[from + j]! - mean[j]!);
    }
    for (let i = 0; i < d; i++) {
      const [a0, a1, a2, a3] = [x[4 * i]!, x[4 * i + 1]!, x[4 * i + 2]!, x[4 * i + 3]!];
      for (let j = 0; j <= i; j++) sums[i * d + j]! += a0 * x[4 * j]! + a1 * x[4 * j + 1]! + a2 * x[4 * j + 2]! + a3 * x[4 * j + 3]!;
    }
  }
  return sums;
}
