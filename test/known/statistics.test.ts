import { describe, expect, it } from "vitest";
import {
  type AttackRun,
  attackChunk,
  attackSpec,
  chunksOf,
  examplesOf,
  modelFor,
  parseSpec,
  withStatistics,
} from "../../src/audit/index.ts";
import { client } from "../../src/client/index.ts";
import { shapesSet } from "../../src/data/index.ts";
import { constant } from "../../src/graph/index.ts";
import { initialWeights, perChannel } from "../../src/models/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";

const machine = { threads: 1, clock: () => 0 };
const specOf = (statistics?: object) =>
  parseSpec(attackSpec, {
    data: { kind: "shapes", split: "test", images: [3] },
    client: { model: "convnet:width=1", weights: { kind: "initial" }, ...(statistics ? { statistics } : {}) },
    defense: "none",
    attack: "gradinversion:steps=1,seeds=1",
    labels: "known",
    score: { delta: 5 },
  });

/** A run by the library, as `gradleak attack` has it. */
function runOf(statistics?: object): { run: AttackRun; model: ReturnType<typeof modelFor> } {
  const [spec, dataset] = [specOf(statistics), shapesSet("test")];
  const model = modelFor(spec, { ...dataset, classes: dataset.classes.length });
  const weights = initialWeights(model, keyFromSeed(1));
  return { run: { spec, dataset, weights, baselines: {}, machine, examples: examplesOf(shapesSet("train")) }, model };
}

describe("running statistics that a spec asks for", () => {
  it("are those of what enters the first normalization over the named training images, by hand", async () => {
    const { run, model } = runOf({ examples: 8, batch: 4 });
    const { weights } = await withStatistics(run);
    const { mean: center, std } = perChannel(model);
    const convolution = (name: string) => run.weights.get(`conv0.${name}`)!.data;
    const entering = (i: number) => {
      const pixels = constant(shapesSet("train").example(i).image, [1, 3, 32, 32]);
      const x = evaluate([pixels.sub(center).div(std)])[0]!.data;
      // The one output channel of a 3×3 convolution with padding 1, position by position.
      return Array.from({ length: 1024 }, (_, at) => {
        let sum = convolution("bias")[0]!;
        for (let c = 0; c < 3; c++)
          for (let k = 0; k < 9; k++) {
            const [row, column] = [Math.floor(at / 32) + Math.floor(k / 3) - 1, (at % 32) + (k % 3) - 1];
            if (row >= 0 && row < 32 && column >= 0 && column < 32)
              sum += convolution("weight")[9 * c + k]! * x[1024 * c + 32 * row + column]!;
          }
        return sum;
      });
    };
    const passes = [0, 4].map((from) => {
      const all = [0, 1, 2, 3].flatMap((i) => entering(from + i));
      const mean = all.reduce((sum, entry) => sum + entry) / all.length;
      return { mean, variance: all.reduce((sum, entry) => sum + (entry - mean) ** 2, 0) / (all.length - 1) };
    });
    expect(weights.get("bn0.running_mean")!.data[0]).toBeCloseTo((passes[0]!.mean + passes[1]!.mean) / 2, 5);
    expect(weights.get("bn0.running_var")!.data[0]).toBeCloseTo((passes[0]!.variance + passes[1]!.variance) / 2, 5);
  });

  it("are what the client normalizes by, and what the attacker compares with", async () => {
    const { run, model } = runOf({ examples: 64 });
    const estimated = await withStatistics(run);
    const going = attackChunk(estimated, chunksOf(run.spec)[0]!);
    let next = await going.next();
    while (!next.done) next = await going.next();
    const sent = next.value.updates.get(3)!.get("linear.weight")!.data;
    const { image, label } = run.dataset.example(3);
    const { mean, std } = perChannel(model);
    const batch = {
      x: constant(image, [1, 3, 32, 32]).sub(mean).div(std),
      y: constant(
        Float32Array.from({ length: 10 }, (_, i) => Number(i === label)),
        [1, 10],
      ),
    };
    const gradientOf = ({ weights }: AttackRun) =>
      evaluate([client({ model, weights }).gradients(batch).entries("linear.weight")])[0]!.data;
    const apart = (a: ArrayLike<number>) => Math.max(...Array.from(sent, (entry, i) => Math.abs(entry - a[i]!)));
    expect(apart(gradientOf(estimated))).toBeLessThan(1e-4);
    expect(apart(gradientOf(run))).toBeGreaterThan(1e-2);
    const [running] = client({ model, weights: estimated.weights }).batchStatistics(batch);
    expect(evaluate([running!.running.mean])[0]!.data[0]).toBe(estimated.weights.get("bn0.running_mean")!.data[0]);
  });

  it("leave a run alone that asks for none", async () => {
    const { run } = runOf();
    expect(await withStatistics(run)).toBe(run);
  });

  it("are refused without public images", async () => {
    const { examples: _, ...run } = runOf({ examples: 64 }).run;
    await expect(withStatistics(run)).rejects.toThrow("needs images of the other split, which is public, and this data has no other split");
  });
});
