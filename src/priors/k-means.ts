import { fillUniform, type KeyBits } from "../random/index.ts";
import type { Points } from "./points.ts";

/** Rounds of k-means. A few suffice for a start of expectation-maximization. */
const rounds = 5;

/**
 * Clusters points by k-means, from centers that k-means++ picks (Arthur and Vassilvitskii 2007).
 *
 * @returns the nearest of the k centers for each point.
 */
export function nearestCenters(points: Points, k: number, key: KeyBits): { readonly nearest: Int32Array; readonly k: number } {
  const { d, count, data } = points;
  let centers = spreadCenters(points, k, key);
  let nearest = assign(points, centers);
  for (let round = 0; round < rounds; round++) {
    const sums = new Float64Array(k * d);
    const sizes = new Float64Array(k);
    for (let p = 0; p < count; p++) {
      const c = nearest[p]!;
      sizes[c]! += 1;
      for (let j = 0; j < d; j++) sums[c * d + j]! += data[p * d + j]!;
    }
    // A center that loses its points stays where it was.
    centers = centers.map((old, i) => (sizes[Math.floor(i / d)]! > 0 ? sums[i]! / sizes[Math.floor(i / d)]! : old));
    nearest = assign(points, centers);
  }
  return { nearest, k };
}

/**
 * Picks k points as centers. The probability of a point is proportional to its squared distance
 * from the nearest center before it.
 */
function spreadCenters({ d, count, data }: Points, k: number, key: KeyBits): Float64Array {
  const uniforms = new Float64Array(k);
  fillUniform(key, uniforms);
  const centers = new Float64Array(k * d);
  const squares = new Float64Array(count).fill(1);
  for (let c = 0; c < k; c++) {
    const total = squares.reduce((sum, square) => sum + square, 0);
    let left = uniforms[c]! * total;
    let chosen = 0;
    // If all points coincide with centers, the total is 0 and the first point is taken again.
    while (chosen < count - 1 && left >= squares[chosen]!) left -= squares[chosen++]!;
    const center = data.subarray(chosen * d, (chosen + 1) * d);
    centers.set(center, c * d);
    for (let p = 0; p < count; p++) {
      const square = squareDistance(data, p * d, center, 0, d, Number.POSITIVE_INFINITY);
      squares[p] = c === 0 ? square : Math.min(squares[p]!, square);
    }
  }
  return centers;
}

function assign({ d, count, data }: Points, centers: Float64Array): Int32Array {
  const nearest = new Int32Array(count);
  for (let p = 0; p < count; p++) {
    let best = Number.POSITIVE_INFINITY;
    for (let c = 0; c * d < centers.length; c++) {
      const square = squareDistance(data, p * d, centers, c * d, d, best);
      if (square < best) [best, nearest[p]] = [square, c];
    }
  }
  return nearest;
}

/** ‖a − b‖², or a number that is not below `limit` once the sum reaches it. */
function squareDistance(a: Float64Array, from: number, b: Float64Array, start: number, d: number, limit: number): number {
  let sum = 0;
  for (let j = 0; j < d && sum < limit; j++) sum += (a[from + j]! - b[start + j]!) ** 2;
  return sum;
}
