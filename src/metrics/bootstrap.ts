import { normalCdf, normalQuantile } from "../accounting/index.ts";
import { LeakageError } from "../errors.ts";
import type { KeyBits } from "../random/index.ts";
import { clopperPearson } from "./clopper-pearson.ts";
import type { Interval } from "./interval.ts";
import { quantile } from "./quantile.ts";
import { type BootstrapOptions, requireBootstrap, resample } from "./resample.ts";
import { studentQuantile } from "./student.ts";

/**
 * Computes a bootstrap interval for the mean of independent values, such as paired differences of
 * distances.
 *
 * It is bias-corrected and accelerated (Efron 1987): distances are skewed, and plain percentiles
 * miss on the side of the long tail. It is also expanded for small samples (Hesterberg 2015): a
 * resample varies less than a sample, by √((n − 1)/n), and its spread is itself an estimate, so the
 * normal quantile z becomes t·√(n/(n − 1)).
 *
 * @throws LeakageError `spec` for fewer than 2 values, a value that is not finite, or options out
 * of range.
 */
export function bootstrapMean(values: readonly number[], key: KeyBits, options: BootstrapOptions): Interval {
  return clusterBootstrap(
    values.map((value) => [value]),
    key,
    options,
  );
}

/**
 * Computes a bootstrap interval for the median of independent values, from percentiles of the
 * resampled medians. The acceleration of {@link bootstrapMean} does not apply: it comes from the
 * jackknife, which is inconsistent for a median.
 *
 * @throws LeakageError `spec` for fewer than 2 values, a value that is not finite, or options out
 * of range.
 */
export function bootstrapMedian(values: readonly number[], key: KeyBits, options: BootstrapOptions): Interval {
  const resamples = requireBootstrap(values, options);
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const medians = resample(n, key, resamples, (places) => {
    // Places are ranks, so the middle of a resample is found without its values.
    places.sort();
    return (sorted[places[(n - 1) >> 1]!]! + sorted[places[n >> 1]!]!) / 2;
  });
  const outside = (1 - options.confidence) / 2;
  return { estimate: quantile(sorted, 0.5), lower: quantile(medians, outside), upper: quantile(medians, 1 - outside) };
}

/**
 * Computes a bootstrap interval for the mean of values that come in clusters (batches, networks).
 * It resamples whole clusters, so n is the number of clusters, and the acceleration leaves out one
 * cluster at a time. Otherwise it works like {@link bootstrapMean}. The mean is over all values, so
 * larger clusters weigh more.
 *
 * @throws LeakageError `spec` for fewer than 2 clusters, an empty cluster, a value that is not
 * finite, or options out of range.
 */
export function clusterBootstrap(clusters: readonly (readonly number[])[], key: KeyBits, options: BootstrapOptions): Interval {
  const empty = clusters.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw new LeakageError("spec", `Every cluster needs at least one value; cluster ${empty} has none.`);
  const sums = clusters.map((values) => values.reduce((sum, value) => sum + value, 0));
  const sizes = clusters.map(({ length }) => length);
  const resamples = requireBootstrap(sums, options);
  const n = clusters.length;
  const [sum, size] = [total(sums), total(sizes)];
  const estimate = sum / size;
  const means = resample(n, key, resamples, (places) => {
    let [drawnSum, drawnSize] = [0, 0];
    for (let i = 0; i < n; i++) {
      drawnSum += sums[places[i]!]!;
      drawnSize += sizes[places[i]!]!;
    }
    return drawnSum / drawnSize;
  });
  const without = sums.map((own, i) => (sum - own) / (size - sizes[i]!));
  return { estimate, ...acceleratedEnds(means, estimate, without, options.confidence) };
}

/**
 * Computes the interval of a proportion, such as the proportion of recovered images, over clusters
 * of draws. It is {@link clusterBootstrap}, but never tighter than the Clopper–Pearson interval of
 * as many clusters that all agree. Resampling cannot show what was never drawn: if no cluster has a
 * success, its interval would end at 0.
 *
 * @param clusters which draws succeeded, one list per cluster.
 * @throws LeakageError `spec` under the conditions of {@link clusterBootstrap}.
 */
export function clusterProportion(clusters: readonly (readonly boolean[])[], key: KeyBits, options: BootstrapOptions): Interval {
  const n = clusters.length;
  const { estimate, lower, upper } = clusterBootstrap(
    clusters.map((draws) => draws.map(Number)),
    key,
    options,
  );
  return {
    estimate,
    lower: Math.min(lower, clopperPearson(n, n, options.confidence).lower),
    upper: Math.max(upper, clopperPearson(0, n, options.confidence).upper),
  };
}

/**
 * The ends of Efron's interval (1987), with Hesterberg's wider quantiles (2015, "What Teachers
 * Should Know About the Bootstrap"). They are percentiles of the resampled statistics, shifted by
 * the bias z₀ of their median and by the acceleration: a sixth of the skewness of the changes from
 * leaving one out.
 */
function acceleratedEnds(statistics: Float64Array, estimate: number, without: readonly number[], confidence: number) {
  let below = 0;
  for (const statistic of statistics) below += statistic < estimate ? 1 : statistic === estimate ? 0.5 : 0;
  const half = 0.5 / statistics.length;
  const bias = normalQuantile(Math.min(1 - half, Math.max(half, below / statistics.length)));
  const center = total(without) / without.length;
  const [squares, cubes] = [2, 3].map((power) => total(without.map((value) => (center - value) ** power))) as [number, number];
  const acceleration = squares === 0 ? 0 : cubes / squares ** 1.5 / 6;
  const n = without.length;
  const reach = Math.sqrt(n / (n - 1)) * studentQuantile((1 + confidence) / 2, n - 1);
  const end = (z: number) => {
    const moved = bias + z;
    return quantile(statistics, normalCdf(bias + moved / Math.max(Number.EPSILON, 1 - acceleration * moved)));
  };
  return { lower: end(-reach), upper: end(reach) };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
