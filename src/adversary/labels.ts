import type { Client } from "../client/index.ts";
import { masksOn } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import type { CompileOptions } from "../runtime/index.ts";
import { type Head, headCandidates, headOf, type Probes } from "./head.ts";
import { labelCounts } from "./label-counts.ts";
import type { Observations, Round } from "./observations.ts";
import { type Familiar, probesFor } from "./probes.ts";

/**
 * How labels are read off the gradient of the classifier head, the dense layer that makes the
 * logits. For one image that gradient is (a(x) − y) φ(x)ᵀ, with a(x) = softmax(z) for cross-entropy
 * and φ = 1 for the bias; for a batch it is the mean over its images. So the bias tells the mean of
 * a(x) − y exactly. Without a bias, weights tell it where φ, the input of the layer, is not
 * negative.
 *
 * * `sign`, for one image: only the true class has a negative entry (Zhao et al. 2020, iDLG).
 * * `distinct`, for images of different classes: the B classes with the most negative entries, next
 *   to what the network predicts (Yin et al. 2021, GradInversion).
 * * `counts`, for any batch: the counts n whose residual (1/B) Σ_k n_k (a_k − e_k) points where the
 *   observed one does (Wainakh et al. 2022, LLG; Geng et al. 2021). a_k is what the network itself
 *   predicts on average for images of class k.
 */
export const labelRules = ["sign", "distinct", "counts"] as const;
export type LabelRule = (typeof labelRules)[number];

/** The rule for a batch: the one that is stated, else the one that a method or the batch needs. */
export const labelRuleFor = (batchSize: number, stated?: LabelRule, own?: LabelRule): LabelRule =>
  stated ?? (batchSize === 1 ? "sign" : (own ?? "counts"));

/** Labels that were read off updates. */
export interface LabelReading {
  /** Label probabilities [lanes, batchSize, classes], one-hot. The images of a batch are ordered by class. */
  readonly labels: Float32Array;
  readonly rule: LabelRule;
  /**
   * Whether the gradients that the labels of a lane were read from are small: relative to the
   * update, to what the network has at other inputs, or to the noise. Then labels are uncertain.
   */
  readonly faint: readonly boolean[];
}

/**
 * @throws LeakageError `spec` if a rule does not fit the batch, or the network has no layer that
 * could tell labels.
 */
export function requireLabelRule(rule: LabelRule, client: Client, batchSize: number): void {
  const { classes } = client.model;
  if (rule === "sign" && batchSize !== 1)
    throw new LeakageError(
      "spec",
      `The label rule sign reads the label of one image, but the batch size is ${batchSize}; use --label-rule distinct or --label-rule counts.`,
    );
  if (rule === "distinct" && batchSize > classes)
    throw new LeakageError(
      "spec",
      `The label rule distinct does not fit: ${batchSize} images cannot all have different labels among ${classes} classes; use --label-rule counts.`,
    );
  headCandidates(client);
}

/**
 * Reads the labels of each update off the gradient of the classifier head, in the first round. It
 * uses the entries that were sent: published masks are respected, and an entry of exactly 0 says
 * nothing. A common factor of the update, as after clipping, does not matter.
 *
 * @param rule `sign` for one image; for batches `distinct` (no label occurs twice) or `counts`.
 * @param familiar what the attacker has that is like the private images: it tries the network on
 * public examples, else on draws from its prior, else on random inputs.
 * @throws LeakageError `spec` if the rule does not fit the batch, or cannot hold for this network.
 */
export async function recoverLabels(
  { rounds, lanes, batchSize }: Omit<Observations, "labels">,
  rule: LabelRule = labelRuleFor(batchSize),
  { examples, prior, ...options }: Familiar & CompileOptions = {},
): Promise<LabelReading> {
  const round = rounds[0]!;
  const { classes } = round.client.model;
  requireLabelRule(rule, round.client, batchSize);
  const probes = probesFor(round.client, { ...(examples ? { examples } : {}), ...(prior ? { prior } : {}) });
  const head = await rememberedHead(round.client, probes, options);
  requireReadable(head, rule);
  const expected = expectedPredictions(head);
  const labels = new Float32Array(lanes * batchSize * classes);
  const faint: boolean[] = [];
  for (let lane = 0; lane < lanes; lane++) {
    const sent = sentBy(head, round, lane, lanes);
    const residual = residualOf(head, sent, batchSize);
    faint.push(isFaint(head, residual, round, lane, lanes));
    classesIn(head, residual, { rule, batchSize, expected, lowest: lowestIn(head, sent) }).forEach((label, i) => {
      labels[(lane * batchSize + i) * classes + label] = 1;
    });
  }
  return { labels, rule, faint };
}

const heads = new WeakMap<Client, Map<Probes, Promise<Head>>>();

/** The head of a client, found once for each set of probes. */
function rememberedHead(client: Client, probes: Probes, options: CompileOptions): Promise<Head> {
  const own = heads.get(client) ?? new Map<Probes, Promise<Head>>();
  heads.set(client, own);
  const found = own.get(probes) ?? headOf(client, probes, options);
  own.set(probes, found);
  return found;
}

/** @throws LeakageError `spec` where a rule cannot hold for a head. */
function requireReadable({ parameters, predictions, classes }: Head, rule: LabelRule): void {
  if (!parameters.some(({ isBias }) => isBias)) {
    const signed = parameters.find(({ lowest }) => lowest < -signedness);
    if (signed)
      throw new LeakageError(
        "spec",
        `Labels cannot be read off this network's updates: its last dense layer (${signed.name}) has no bias, and its inputs have both signs, so the sign of a gradient says nothing about the label. State the labels, or search them jointly with --labels joint.`,
      );
  }
  if (rule !== "sign") return;
  // For any label, its own entry a_y − 1 has to be below all others. Softmax always does that.
  for (let at = 0; at < predictions.length; at += classes) {
    const own = predictions.subarray(at, at + classes);
    if (Math.max(...own) - Math.min(...own) > 1 + 1e-4)
      throw new LeakageError(
        "spec",
        "The label rule sign needs a loss whose gradient is negative for the true class alone, as that of cross-entropy is, and this client's loss is another; use --label-rule counts.",
      );
  }
}

/** Features below this share of the largest magnitude are negative and not rounded. */
const signedness = 1e-4;

/** The gradient of the head in one lane, parameter by parameter. */
interface SentHead {
  /** [classes, columns], row-major. */
  readonly data: Float32Array;
  /** 1 for entries that say something. */
  readonly sent: Uint8Array;
}

function sentBy({ parameters }: Head, { updates, published = new Map() }: Round, lane: number, lanes: number): readonly SentHead[] {
  const own = (data: Float32Array) => data.subarray((lane * data.length) / lanes, ((lane + 1) * data.length) / lanes);
  return parameters.map(({ name }) => {
    const data = own(updates.get(name)!.data);
    const masks = masksOn(name, published.keys()).map((mask) => own(published.get(mask)!.data));
    return {
      data,
      sent: Uint8Array.from(data, (entry, i) => Number(entry !== 0 && Number.isFinite(entry) && masks.every((mask) => mask[i]))),
    };
  });
}

/** An estimate of the mean of a(x) − y over a batch, up to a factor. */
interface Residual {
  readonly estimate: Float64Array;
  readonly variance: Float64Array;
  /** The variance of the noise of one entry. */
  readonly noise: number;
}

/** For one image, weights and their inputs are estimated in turn this many times. */
const turns = 20;

/**
 * Estimates the mean of a(x) − y from all entries that were sent. Entry (c, i) of the head is r_c φ_i
 * plus noise, where φ_i is known up to its variance over inputs; that of a bias has none. So each
 * entry of a row is a measurement of r_c, with a weight. For one image, φ is the same in all rows. If
 * entries were not sent, φ is estimated as well: rows whose bias was sent tell it to the others.
 */
function residualOf({ parameters, classes, predictions }: Head, sent: readonly SentHead[], batchSize: number): Residual {
  const noise = noiseIn(parameters, sent, classes, predictions);
  const phis = parameters.map(({ mean }) => mean.slice());
  const estimateWith = (variance: (p: number, i: number) => number): { estimate: Float64Array; variance: Float64Array } => {
    const estimate = new Float64Array(classes);
    const variances = new Float64Array(classes).fill(Number.POSITIVE_INFINITY);
    for (let c = 0; c < classes; c++) {
      let [along, square] = [0, 0];
      parameters.forEach(({ columns }, p) => {
        for (let i = 0; i < columns; i++) {
          if (!sent[p]!.sent[c * columns + i]) continue;
          const phi = phis[p]![i]!;
          const weight = 1 / variance(p, i);
          along += weight * phi * sent[p]!.data[c * columns + i]!;
          square += weight * phi ** 2;
        }
      });
      if (square > 0) [estimate[c], variances[c]] = [along / square, 1 / square];
    }
    return { estimate, variance: variances };
  };
  const first = estimateWith(() => 1).estimate;
  const scale = first.reduce((sum, entry) => sum + entry ** 2, 0) / classes;
  if (scale === 0) return { estimate: first, variance: new Float64Array(classes).fill(Number.POSITIVE_INFINITY), noise };
  // Without noise, a bias is a measurement with the error of float32 alone.
  const least = (p: number, i: number) =>
    noise + 1e-12 * scale * (parameters[p]!.mean[i]! ** 2 + parameters[p]!.variance[i]!) + Number.MIN_VALUE;
  let residual = estimateWith((p, i) => least(p, i) + scale * parameters[p]!.variance[i]!);
  const whole = sent.every((own) => own.sent.every((one) => one === 1));
  if (batchSize > 1 || whole) return { ...residual, noise };
  for (let turn = 0; turn < turns; turn++) {
    const before = residual.estimate;
    parameters.forEach(({ columns, mean, variance, isBias }, p) => {
      if (isBias) return;
      for (let i = 0; i < columns; i++) {
        const prior = variance[i]! + 1e-12 * mean[i]! ** 2;
        if (prior === 0) continue;
        let [along, square] = [mean[i]! / prior, 1 / prior];
        for (let c = 0; c < classes; c++) {
          if (!sent[p]!.sent[c * columns + i]) continue;
          along += (before[c]! * sent[p]!.data[c * columns + i]!) / least(p, i);
          square += before[c]! ** 2 / least(p, i);
        }
        phis[p]![i] = along / square;
      }
    });
    residual = estimateWith((p, i) => least(p, i) + scale * 1e-6 * parameters[p]!.variance[i]!);
  }
  return { ...residual, noise };
}

/**
 * The variance of the noise of one entry. Where the entries of a(x) − y add up to 0, as those of
 * softmax do, what a column of the head adds up to is noise. Columns with entries that were not
 * sent say nothing; without any whole column, the noise counts as 0.
 */
function noiseIn(parameters: Head["parameters"], sent: readonly SentHead[], classes: number, predictions: Float64Array): number {
  for (let at = 0; at < predictions.length; at += classes) {
    const sum = predictions.subarray(at, at + classes).reduce((all, entry) => all + entry, 0);
    if (Math.abs(sum - 1) > 1e-3) return 0;
  }
  let [squares, whole] = [0, 0];
  parameters.forEach(({ columns }, p) => {
    for (let i = 0; i < columns; i++) {
      let [sum, count] = [0, 0];
      for (let c = 0; c < classes; c++) {
        sum += sent[p]!.data[c * columns + i]!;
        count += sent[p]!.sent[c * columns + i]!;
      }
      if (count < classes) continue;
      squares += sum ** 2 / classes;
      whole++;
    }
  });
  return whole === 0 ? 0 : squares / whole;
}

/** Fewer probes of a class than this say less about it than all probes do. */
const fewest = 3;

/**
 * The mean of a(x) over images of each class: over the probes of that class where there are some,
 * else over all probes.
 */
function expectedPredictions({ predictions, probes, classes }: Head): readonly Float64Array[] {
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
function lowestIn({ parameters, classes }: Head, sent: readonly SentHead[]): Float64Array | undefined {
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
function classesIn(
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

/**
 * The limits of a faint gradient. The head has at least a thousandth of the norm of an update
 * unless its network is saturated or little of it was sent; a residual has about the norm of that
 * at other inputs; and what is read off noise has about the noise's own norm.
 */
const faintness = { ofUpdate: 1e-3, ofUsual: 1e-2, ofNoise: 2 } as const;

/** Whether labels are read from a gradient that is small. */
function isFaint(
  { parameters, predictions, classes, probes }: Head,
  { estimate, variance }: Residual,
  { updates }: Round,
  lane: number,
  lanes: number,
): boolean {
  const squareOf = (data: Float32Array) => {
    let square = 0;
    for (let i = (lane * data.length) / lanes; i < ((lane + 1) * data.length) / lanes; i++) square += data[i]! ** 2;
    return square;
  };
  const whole = [...updates.values()].reduce((sum, { data }) => sum + squareOf(data), 0);
  const own = parameters.reduce((sum, { name }) => sum + squareOf(updates.get(name)!.data), 0);
  const square = estimate.reduce((sum, entry) => sum + entry ** 2, 0);
  const noise = variance.reduce((sum, entry) => sum + (Number.isFinite(entry) ? entry : 0), 0);
  let usual = 0;
  for (let i = 0; i < probes.count; i++) {
    const mean = predictions.subarray(i * classes, (i + 1) * classes);
    // The mean over labels of ‖a − y‖².
    usual += (mean.reduce((sum, entry) => sum + entry ** 2 - (2 * entry) / classes, 0) + 1) / probes.count;
  }
  return (
    !(own > faintness.ofUpdate ** 2 * whole) || !(square > faintness.ofUsual ** 2 * usual) || !(square > faintness.ofNoise ** 2 * noise)
  );
}
