import type { Head } from "./head.ts";
import type { Residual, SentHead } from "./head-residual.ts";
import { labelCounts } from "./label-counts.ts";
import type { LabelRule } from "./label-rule.ts";

/** Features below this share of the largest magnitude are negative and not rounded. */
export const signedness = 1e-4;

/** Fewer probes of a class than this say less about it than all probes do. */
const fewest = 3;

/**
 * The mean of a(x) over images of each class: over the probes of that class where there are some,
 * else over all probes.
 */
export function expectedPredictions({ predictions, probes, classes }: Head): readonly Float64Array[] {
  const meanOf = (places: readonly number[]) => {
    const mean = new Float64Array(classes);
    for (const place of places) for (let c = 0; c < classes; c++) mean[c]! += predictions[place * classes + c]! / places.length;
    return mean;
  };
  const all = Array.from({ length: probes.count }, (_, i) => i);
  const overall = meanOf(all);
  return Array.from({ length: classes }, (_, k) => {
    const own = probes.labels ? all.filter((i) => probes.labels![i] === k) : [];
    return own.length >= fewest ? meanOf(own) : overall;
  });
}

/** What decides about the classes of a batch, beside the residual. */
interface Deciding {
  readonly rule: LabelRule;
  readonly batchSize: number;
  /** The mean of a(x) over images of each class. */
  readonly expected: readonly Float64Array[];
  /** The most negative entry of each class among columns whose φ is never negative, if there are some. */
  readonly lowest: Float64Array | undefined;
}

/**
 * The most negative entry of each row of the head's weights, over columns whose φ is never negative:
 * the minimum of GradInversion. A column in which one image weighs most shows its class even where
 * the sum over the batch hides it.
 */
export function lowestIn({ parameters, classes }: Head, sent: readonly SentHead[]): Float64Array | undefined {
  const usable = parameters.flatMap((one, p) => (one.isBias || one.lowest < -signedness ? [] : [{ ...sent[p]!, columns: one.columns }]));
  if (usable.length === 0) return undefined;
  return Float64Array.from({ length: classes }, (_, c) =>
    usable.reduce((least, { data, sent: own, columns }) => {
      for (let at = c * columns; at < (c + 1) * columns; at++) if (own[at]) least = Math.min(least, data[at]!);
      return least;
    }, 0),
  );
}

/** Noise is this many deviations away from 0 only in one of ten thousand entries. */
const deviations = 4;

/** The classes of the images of one batch, in ascending order. */
export function classesIn(
  { predictions, probes, classes }: Head,
  { estimate, variance, noise }: Residual,
  { rule, batchSize, expected, lowest }: Deciding,
): readonly number[] {
  const byEstimate = Array.from({ length: classes }, (_, c) => c).sort((i, j) => estimate[i]! - estimate[j]! || i - j);
  if (rule === "sign") return [byEstimate[0]!];
  // If predictions are never negative, as those of softmax, a negative entry is a class that is there.
  const never = predictions.every((entry) => entry >= -1e-4);
  const least = lowest && Math.min(...lowest);
  const shows = (c: number) =>
    estimate[c]! < -deviations * Math.sqrt(variance[c]!) + 1e-4 * estimate[byEstimate[0]!]! ||
    (lowest !== undefined && lowest[c]! < -deviations * Math.sqrt(noise) + 1e-4 * least!);
  const showing = never ? byEstimate.filter(shows) : [];
  // If more classes show than there are images, it is noise that shows: the update was masked, so
  // that its noise could not be measured.
  const clean = showing.length <= batchSize;
  const quiet = least !== undefined && deviations * Math.sqrt(noise) < -0.1 * least;
  const hides = (c: number) =>
    !shows(c) &&
    (quiet || estimate[c]! > deviations * Math.sqrt(variance[c]!)) &&
    showsItself(c, expected, batchSize, lowest !== undefined);
  const counts = labelCounts(
    {
      residual: estimate,
      variance: withSpread(estimate, variance, { predictions, probes, classes }, batchSize),
      expected,
      certain: clean ? showing : [],
      absent: never && clean ? byEstimate.filter(hides) : [],
    },
    batchSize,
    rule === "distinct" ? 1 : batchSize,
  );
  return [...counts].flatMap((count, c) => new Array<number>(count).fill(c));
}

/**
 * Whether one image of a class would make an entry of its class negative, next to what the other
 * images of the batch are expected to add to it. It does so in small batches, where the network is
 * sure of the others, and more easily in single columns than in their sum.
 */
function showsItself(c: number, expected: readonly Float64Array[], batchSize: number, inColumns: boolean): boolean {
  const others = expected.reduce((sum, row, k) => sum + (k === c ? 0 : row[c]!), 0) / (expected.length - 1);
  return 1 - expected[c]![c]! > (inColumns ? 0.5 : 1.25) * (batchSize - 1) * others;
}

/**
 * The variance of an entry of the residual around what counts predict: that of its estimate, and
 * that of the predictions of B images, in the scale of the residual.
 */
function withSpread(
  estimate: Float64Array,
  variance: Float64Array,
  { predictions, probes, classes }: Pick<Head, "predictions" | "probes" | "classes">,
  batchSize: number,
): Float64Array {
  const mean = new Float64Array(classes);
  const spread = new Float64Array(classes);
  predictions.forEach((entry, i) => {
    mean[i % classes]! += entry / probes.count;
  });
  predictions.forEach((entry, i) => {
    spread[i % classes]! += (entry - mean[i % classes]!) ** 2 / probes.count;
  });
  const squares = estimate.reduce((sum, entry) => sum + entry ** 2, 0);
  return variance.map((own, c) => own + squares * ((spread[c]! + 1e-3) / batchSize));
}
