import { LeakageError } from "../errors.ts";
import { dkwBand } from "./dkw.ts";
import { requireCount } from "./interval.ts";
import { quantile } from "./quantile.ts";

/** The risk at one radius, with the ends of a band that holds at all radii at once. */
export interface RiskPoint {
  readonly delta: number;
  /** The share of draws whose reconstruction is farther than `delta` from the original. */
  readonly risk: number;
  readonly lower: number;
  readonly upper: number;
}

/** Risk over all radii: a step function that decreases at each distance. */
export interface RiskCurve {
  readonly n: number;
  /** Half the height of the band. */
  readonly epsilon: number;
  /**
   * The points by increasing radius, from 0. Between two points, the risk is that of the left one.
   */
  readonly points: readonly RiskPoint[];
}

/**
 * The empirical risk R(δ) = #{distance > δ} / n over all δ ≥ 0, with a simultaneous band ({@link
 * dkwBand}).
 *
 * @param distances one per draw. NaN and Infinity mean a failed attack, and count as farther than
 * any δ.
 * @param clusterSize draws per cluster, equal for all clusters. The band's n is then the number of
 * clusters.
 * @throws LeakageError `spec` for no distances, a confidence out of range, or clusters that do not
 * divide the draws.
 */
export function riskCurve(distances: readonly number[], confidence: number, clusterSize = 1): RiskCurve {
  const n = distances.length;
  requireCount(n, "distances");
  if (n % clusterSize !== 0) throw new LeakageError("spec", `${n} distances do not divide into clusters of ${clusterSize}.`);
  const epsilon = dkwBand(n / clusterSize, confidence, clusterSize);
  const reached = distances.filter(Number.isFinite).sort((a, b) => a - b);
  const point = (delta: number, farther: number): RiskPoint => ({
    delta,
    risk: farther / n,
    lower: Math.max(0, farther / n - epsilon),
    upper: Math.min(1, farther / n + epsilon),
  });
  const points = reached[0] === 0 ? [] : [point(0, n)];
  reached.forEach((delta, i) => {
    if (delta !== reached[i + 1]) points.push(point(delta, n - i - 1));
  });
  return { n, epsilon, points };
}

/**
 * The point of a risk curve at a radius.
 *
 * @throws LeakageError `spec` for a negative radius.
 */
export function riskAt({ points }: RiskCurve, delta: number): RiskPoint {
  const found = points.findLast((point) => point.delta <= delta);
  if (!found) throw new LeakageError("spec", `A risk curve has radii of at least 0; got ${delta}.`);
  return { ...found, delta };
}

/** The distances of reconstructions from their originals, summarized. */
export interface DistanceQuantiles {
  readonly quantiles: readonly { readonly probability: number; readonly distance: number }[];
  /** The draw whose reconstruction is nearest to its original: the worst case for its owner. */
  readonly nearest: { readonly index: number; readonly distance: number };
}

/**
 * Quantiles of distances (linear between order statistics), and the nearest of all.
 *
 * @param distances one per draw. NaN means a failed attack, and counts as Infinity.
 * @throws LeakageError `spec` for no distances, or a probability outside [0, 1].
 */
export function distanceQuantiles(
  distances: readonly number[],
  probabilities: readonly number[] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99],
): DistanceQuantiles {
  requireCount(distances.length, "distances");
  const wrong = probabilities.find((probability) => !(probability >= 0 && probability <= 1));
  if (wrong !== undefined) throw new LeakageError("spec", `The probability of a quantile must be from 0 to 1; got ${wrong}.`);
  const all = distances.map((distance) => (Number.isNaN(distance) ? Infinity : distance));
  const sorted = [...all].sort((a, b) => a - b);
  return {
    quantiles: probabilities.map((probability) => ({ probability, distance: quantile(sorted, probability) })),
    nearest: { index: all.indexOf(sorted[0]!), distance: sorted[0]! },
  };
}
