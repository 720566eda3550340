import type { Client } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import { concat, input, type Tensor, vmap } from "../graph/index.ts";
import { evaluate } from "../runtime/index.ts";
import type { Observations } from "./observations.ts";

/**
 * How labels are read off the gradient of the last layer, whose weights have a row a class. All
 * three need its features not to be negative, as ReLU's are.
 */
export type LabelRule = "sign" | "distinct" | "counts";

/**
 * The rows' gradients of a last layer with weights [classes, features], from an update of B images:
 * label probabilities [B, classes].
 */
const rules: Readonly<Record<LabelRule, (head: Tensor, bias: Tensor | undefined, batchSize: number) => Tensor>> = {
  /**
   * iDLG (Zhao et al. 2020), one image: the true class's row is the only one with a negative sum.
   */
  sign: (head) => {
    const [classes] = head.shape as [number];
    return head.sum(-1).neg().argmax().oneHot(classes).reshape([1, classes]);
  },
  /**
   * GradInversion (Yin et al. 2021), images of different classes: the B rows with the most negative
   * minimum.
   */
  distinct: (head, _, batchSize) => {
    const lowest = head.neg().max(-1);
    return pickOneByOne(lowest, batchSize, (scores, chosen) => scores.sub(chosen.mul(taken)));
  },
  /**
   * Repeated labels. With uniform predictions the bias gradient of class c is 1/C − n_c/B, so n_c =
   * B (1/C − ∂ℓ/∂b_c); without a bias the sums of the rows stand in for it, scaled so that their
   * negative parts are those of B images. Counts are filled one by one, each time for the class
   * furthest behind.
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

/** Larger than any score: a class that was taken is not taken again. */
const taken = 1e9;

/** One class a row, each time the one with the largest score. */
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
 * The classifying layer: the last matrix with a row a class, whose gradient gives labels away.
 * @throws LeakageError `spec` where there is none.
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
      `Labels cannot be read off this network's updates: none of its parameters is a matrix with a row for each of ${classes} classes. State the labels, or use labels joint.`,
    );
  const bias = head.name.replace(/weight$/, "bias");
  const biased = bias !== head.name && parameters.some(({ name, shape }) => name === bias && shape.length === 1 && shape[0] === classes);
  return { weight: head.name, features: head.shape[1]!, ...(biased ? { bias } : {}) };
}

/** @throws LeakageError `spec` where a rule does not fit the batch. */
function requireRule(rule: LabelRule, batchSize: number, classes: number): void {
  if (rule === "sign" && batchSize !== 1)
    throw new LeakageError(
      "spec",
      `the sign rule reads the label of one image, but the batch size is ${batchSize}; use distinct or counts.`,
    );
  if (rule === "distinct" && batchSize > classes)
    throw new LeakageError("spec", `${batchSize} images cannot all have different labels among ${classes} classes; use counts.`);
}

/**
 * Reads the labels of each update off the gradient of the classifying layer, in the first round.
 *
 * @param rule `sign` for one image; for batches `distinct` (no label twice) or `counts` (labels may
 * repeat; exact only while predictions are near uniform, as those of an untrained network).
 * @returns label probabilities [lanes, batchSize, classes], one-hot.
 * @throws LeakageError `spec` where the rule does not fit the batch, or the network has no such
 * layer.
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
