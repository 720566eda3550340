import type { Client } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import { concat, input, type Tensor, vmap } from "../graph/index.ts";
import { evaluate } from "../runtime/index.ts";
import type { Observations } from "./observations.ts";

/**
 * How labels are read off the gradient of the last layer, whose weights have one row per class. All
 * three rules need features that are not negative, as those of ReLU are.
 */
export type LabelRule = "sign" | "distinct" | "counts";

/**
 * The rules. Each maps the gradient of a last layer with weights [classes, features], from an
 * update of B images, to label probabilities [B, classes].
 */
const rules: Readonly<Record<LabelRule, (head: Tensor, bias: Tensor | undefined, batchSize: number) => Tensor>> = {
  /** iDLG (Zhao et al. 2020), for one image: only the row of the true class has a negative sum. */
  sign: (head) => {
    const [classes] = head.shape as [number];
    return head.sum(-1).neg().argmax().oneHot(classes).reshape([1, classes]);
  },
  /**
   * GradInversion (Yin et al. 2021), for images of different classes: the B rows with the most
   * negative minimum.
   */
  distinct: (head, _, batchSize) => {
    const lowest = head.neg().max(-1);
    return pickOneByOne(lowest, batchSize, (scores, chosen) => scores.sub(chosen.mul(taken)));
  },
  /**
   * For repeated labels. With uniform predictions the bias gradient of class c is 1/C − n_c/B, so
   * n_c = B (1/C − ∂ℓ/∂b_c). Without a bias, the sums of the rows replace it, scaled so that their
   * negative parts are those of B images. Counts are filled one by one, each time for the class
   * that is furthest behind.
   */
  counts: (head, bias, batchSize) => {
    const [classes] = head.shape as [number];
    const sums = head.sum(-1);
    const expected = bias
      ? bias
          .neg()
          .add(1 / classes)
          .mul(batchSize)
      : sums.neg().div(sums.abs().sum().mul(0.5)).mul(batchSize);
    return pickOneByOne(expected, batchSize, (scores, chosen) => scores.sub(chosen));
  },
};

/** A number larger than any score, so that a class is not taken twice. */
const taken = 1e9;

/** One class per row, each time the class with the largest score. */
function pickOneByOne(scores: Tensor, count: number, after: (scores: Tensor, chosen: Tensor) => Tensor): Tensor {
  const classes = scores.size;
  const rows: Tensor[] = [];
  let left = scores;
  for (let i = 0; i < count; i++) {
    const chosen = left.argmax().oneHot(classes);
    rows.push(chosen.reshape([1, classes]));
    left = after(left, chosen);
  }
  return concat(rows);
}

/**
 * The classifying layer: the last matrix with one row per class, whose gradient reveals labels.
 *
 * @throws LeakageError `spec` if there is none.
 */
function headOf({ model: { classes }, parameters }: Client): {
  readonly weight: string;
  readonly features: number;
  readonly bias?: string;
} {
  const head = parameters.findLast(({ shape }) => shape.length === 2 && shape[0] === classes);
  if (!head)
    throw new LeakageError(
      "spec",
      `Labels cannot be read off this network's updates: none of its parameters is a matrix with a row for each of ${classes} classes. State the labels, or search them jointly with --labels joint.`,
    );
  const bias = head.name.replace(/weight$/, "bias");
  const biased = bias !== head.name && parameters.some(({ name, shape }) => name === bias && shape.length === 1 && shape[0] === classes);
  return { weight: head.name, features: head.shape[1]!, ...(biased ? { bias } : {}) };
}

/** @throws LeakageError `spec` if a rule does not fit the batch. */
function requireRule(rule: LabelRule, batchSize: number, classes: number): void {
  if (rule === "sign" && batchSize !== 1)
    throw new LeakageError(
      "spec",
      `The sign rule reads the label of one image, but the batch size is ${batchSize}; use distinct or counts.`,
    );
  if (rule === "distinct" && batchSize > classes)
    throw new LeakageError("spec", `${batchSize} images cannot all have different labels among ${classes} classes; use counts.`);
}

/**
 * Reads the labels of each update off the gradient of the classifying layer, in the first round.
 *
 * @param rule `sign` for one image. For batches, `distinct` (no label occurs twice) or `counts`
 * (labels may repeat). `counts` is exact only while predictions are near uniform, as those of an
 * untrained network are.
 * @returns label probabilities [lanes, batchSize, classes], one-hot.
 * @throws LeakageError `spec` if the rule does not fit the batch, or the network has no such layer.
 */
export function recoverLabels(
  { rounds, lanes, batchSize }: Observations,
  rule: LabelRule = batchSize === 1 ? "sign" : "counts",
): Float32Array {
  const { client, updates } = rounds[0]!;
  const { classes } = client.model;
  requireRule(rule, batchSize, classes);
  const { weight, features, bias } = headOf(client);
  const given = {
    head: input("head", [lanes, classes, features]),
    ...(bias ? { bias: input("bias", [lanes, classes]) } : {}),
  };
  const labels = vmap((own: Readonly<Record<string, Tensor>>) => rules[rule](own.head!, own.bias, batchSize))(given);
  const [found] = evaluate([labels], {
    head: updates.get(weight)!.data,
    ...(bias ? { bias: updates.get(bias)!.data } : {}),
  });
  return Float32Array.from(found!.data);
}
