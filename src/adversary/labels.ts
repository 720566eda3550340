import type { Client } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import type { CompileOptions } from "../runtime/index.ts";
import { classesIn, expectedPredictions, lowestIn, signedness } from "./batch-classes.ts";
import { type Head, headCandidates, headOf, type Probes } from "./head.ts";
import { type Residual, residualOf, sentBy } from "./head-residual.ts";
import { type LabelRule, labelRuleFor } from "./label-rule.ts";
import type { Observations, Round } from "./observations.ts";
import { type Familiar, probesFor } from "./probes.ts";

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
