import { describe, expect, it } from "vitest";
import { type LabelRule, recoverLabels } from "../../src/adversary/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { input, type Tensor, vmap } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { fillUniform, keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { oneHot } from "../../src/scenario/index.ts";

const classes = 10;
const model = models.build("mlp:sizes=32", { shape: [1, 6, 6], classes, normalization: { mean: [0], std: [1] } });
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(5)) });

/**
 * The labels that a rule reads off the update of images with these labels, each batch a lane;
 * sorted, because a batch has no order.
 */
async function found(batches: readonly (readonly number[])[], rule?: LabelRule): Promise<number[][]> {
  const [lanes, b] = [batches.length, batches[0]!.length];
  const x = new Float32Array(lanes * b * 36);
  fillUniform(keyFromSeed(6), x);
  const given = { x: input("x", [lanes, b, 1, 6, 6]), y: input("y", [lanes, b, classes]) };
  const gradients = vmap((own: { x: Tensor; y: Tensor }) => one.update(own).names.map((name) => one.update(own).entries(name)))(given);
  const values = evaluate(gradients, { x, y: oneHot(batches.flat(), classes) });
  const updates = new Map(
    model.parameters.map(({ name, shape }, i) => [name, { shape: [lanes, ...shape], data: Float32Array.from(values[i]!.data) }]),
  );
  const { labels: rows } = await recoverLabels({ rounds: [{ client: one, updates }], lanes, batchSize: b }, rule);
  return batches.map((batch, lane) =>
    batch.map((_, i) => rows.subarray((lane * b + i) * classes, (lane * b + i + 1) * classes).indexOf(1)).sort((a, c) => a - c),
  );
}

describe("labels are read off the last layer's gradient", () => {
  it("of one image, by sign (iDLG)", () => {
    const singles = Array.from({ length: classes }, (_, label) => [label]);
    expect(found(singles)).toEqual(singles);
  });

  it("of a batch without repeats, by the most negative rows (GradInversion)", () => {
    expect(
      found(
        [
          [7, 0, 3, 9],
          [2, 4, 1, 8],
        ],
        "distinct",
      ),
    ).toEqual([
      [0, 3, 7, 9],
      [1, 2, 4, 8],
    ]);
  });

  it("of a batch with repeats, by counts from the bias's gradient", () => {
    expect(
      found([
        [3, 3, 3, 8],
        [1, 1, 5, 5],
        [6, 6, 6, 6],
      ]),
    ).toEqual([
      [3, 3, 3, 8],
      [1, 1, 5, 5],
      [6, 6, 6, 6],
    ]);
  });

  it("not where the rule and the batch do not fit", () => {
    expect(() => found([[1, 2]], "sign")).toThrow(/one image/);
    expect(() => found([Array.from({ length: 11 }, () => 1)], "distinct")).toThrow(/11 images cannot all have different labels among 10/);
  });
});
