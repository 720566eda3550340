import { describe, expect, it } from "vitest";
import { batchStatistics, fedSgd } from "../../src/client/index.ts";
import { datasets, noFiles, shapesSet } from "../../src/data/index.ts";
import { readSafetensors } from "../../src/formats/index.ts";
import { constant, type Tensor } from "../../src/graph/index.ts";
import { initialWeights, models, perChannel } from "../../src/models/index.ts";
import { keyFromSeed, stream } from "../../src/random/index.ts";
import { attackSpec, memoryStore, parseSpec, plan, realize, type Sources, taskOf } from "../../src/runs/index.ts";
import { prepareAttack } from "../../src/runs/prepare.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { oneHot } from "../../src/scenario/index.ts";

const machine = { threads: 1, clock: () => 0 };
const sources: Sources = {
  dataset: (set, split) => datasets.build(set).open(split, noFiles),
  tensors: () => {
    throw new Error("no files");
  },
  places: {},
};
const asked = (statistics?: object) => ({
  command: "attack",
  data: { set: "shapes", split: "test", images: [3] },
  client: { model: "convnet:width=1", ...(statistics ? { statistics } : {}) },
  attack: "gradinversion:steps=1,seeds=1",
  labels: "known",
  score: { delta: 5 },
  seed: 1,
});
const clientOf = async (statistics?: object, from = sources) => {
  const prepared = await prepareAttack(parseSpec(attackSpec, asked(statistics)), from);
  return (await realize(prepared, from, machine)).scenarios[0]!.client;
};
const numbers = (tensor: Tensor) => evaluate([tensor])[0]!.data;
const [model, drawn] = (() => {
  const built = models.build("convnet:width=1", taskOf(shapesSet("test")));
  return [built, initialWeights(built, stream(keyFromSeed(1), "weights"))] as const;
})();

describe("running statistics that a spec asks for", () => {
  it("are those of what enters the first normalization over the named training images, by hand", async () => {
    const client = await clientOf({ examples: 8, batch: 4 });
    const { mean: center, std } = perChannel(model);
    const convolution = (name: string) => drawn.get(`conv0.${name}`)!.data;
    const entering = (i: number) => {
      const pixels = constant(shapesSet("train").example(i).image, [1, 3, 32, 32]);
      const x = numbers(pixels.sub(center).div(std));
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
    expect(numbers(client.weight("bn0.running_mean"))[0]).toBeCloseTo((passes[0]!.mean + passes[1]!.mean) / 2, 5);
    expect(numbers(client.weight("bn0.running_var"))[0]).toBeCloseTo((passes[0]!.variance + passes[1]!.variance) / 2, 5);
  });

  it("are what the client normalizes by, and what the attacker compares with", async () => {
    const statistics = { examples: 64 };
    const store = memoryStore();
    const running = (await plan(asked(statistics), sources, { machine, versions: {} }, { saveUpdates: true })).run(store);
    for (let next = await running.next(); !next.done; ) next = await running.next();
    const file = (await store.read("update-3.safetensors"))!;
    const sent = readSafetensors(file, "update").get("linear.weight")!.data as Float32Array;
    const { image, label } = shapesSet("test").example(3);
    const { mean, std } = perChannel(model);
    const batch = { x: constant(image, [1, 3, 32, 32]).sub(mean).div(std), y: constant(oneHot([label], 10), [1, 10]) };
    const estimated = await clientOf(statistics);
    const apart = (from: typeof estimated) => {
      const own = numbers(from.update(batch).entries("linear.weight"));
      return Math.max(...Array.from(sent, (entry, i) => Math.abs(entry - own[i]!)));
    };
    expect(apart(estimated)).toBeLessThan(1e-4);
    expect(apart(fedSgd({ model, weights: drawn }))).toBeGreaterThan(1e-2);
    const [first] = batchStatistics(estimated, batch);
    expect(numbers(first!.running.mean)).toEqual(numbers(estimated.weight("bn0.running_mean")));
    expect(numbers(first!.running.mean)).not.toEqual(numbers(fedSgd({ model, weights: drawn }).weight("bn0.running_mean")));
  });

  it("leave weights alone where a spec asks for none", async () => {
    const client = await clientOf();
    for (const [name, { data }] of drawn) expect(Float32Array.from(numbers(client.weight(name)))).toEqual(data);
  });

  it("are refused without public images", async () => {
    const whole: Sources = { ...sources, dataset: async (set, split) => ({ ...(await sources.dataset(set, split)), whole: true }) };
    await expect(clientOf({ examples: 64 }, whole)).rejects.toThrow(
      "needs images of the other split, which is public, and this data has no other split",
    );
  });
});
