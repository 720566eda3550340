import { describe, expect, it } from "vitest";
import { fedSgd } from "../../src/client/index.ts";
import { defenses, lawOf } from "../../src/defenses/index.ts";
import { input, type Tensor, vmap } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { linear } from "../../src/models/layers.ts";
import { type Layer, sequential, type Task } from "../../src/models/model.ts";
import { foldIn, Key, keyFromSeed, split } from "../../src/random/index.ts";
import { compile, evaluate } from "../../src/runtime/index.ts";
import { simulate } from "../../src/scenario/index.ts";

/**
 * Sets half of the entries to 0 at random and doubles the others; without a key it does nothing,
 * which is its mean.
 */
const dropout = (shape: readonly number[]): Layer => ({
  parameters: [],
  statistics: [],
  shape,
  random: true,
  forward: (x, { key }) => (key ? x.mul(key.bernoulli(0.5, x.shape)).mul(2) : x),
});

const task: Task = { shape: [40], classes: 3, normalization: { mean: [0], std: [1] } };
const random = sequential(task, "nchw", [dropout([40]), dropout([40]), linear("0", [40], 3)]);
const one = fedSgd({ model: random, weights: initialWeights(random, keyFromSeed(1)) });
const given = { x: input("x", [1, 40]), y: input("y", [1, 3]) };
const feeds = { x: Float32Array.from({ length: 40 }, (_, i) => 1 + i / 40), y: Float32Array.of(0, 1, 0) };
/** ∂ℓ/∂W: proportional to what enters the dense layer. */
const update = (seed?: number): number[] => {
  const key = seed === undefined ? undefined : Key.input("key");
  const gradient = one.update(given, key).entries("0.weight");
  return [...evaluate([gradient], { ...feeds, ...(seed === undefined ? {} : { key: keyFromSeed(seed) }) })[0]!.data];
};
const zeros = (gradient: readonly number[]) => gradient.slice(0, 40).map((entry) => Number(entry === 0));

describe("a network with random layers", () => {
  it("is random with a key, the same with the same key, another one with another", () => {
    expect(update(1)).toEqual(update(1));
    expect(zeros(update(1))).not.toEqual(zeros(update(2)));
    // Two layers that each keep half leave a quarter.
    const kept = Array.from({ length: 50 }, (_, seed) => 40 - zeros(update(seed)).reduce((sum, zero) => sum + zero, 0));
    const share = kept.reduce((sum, count) => sum + count, 0) / 2000;
    expect(Math.abs(share - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 2000));
  });

  it("computes its mean without a key", () => {
    expect(update()).toEqual(update());
    expect(zeros(update()).every((zero) => zero === 0)).toBe(true);
    const bare = sequential(task, "nchw", [linear("0", [40], 3)]);
    const plain = fedSgd({ model: bare, weights: initialWeights(bare, keyFromSeed(1)) }).update(given);
    expect(update()).toEqual([...evaluate([plain.entries("0.weight")], feeds)[0]!.data]);
  });

  it("has a law that nobody can write down, behind any defense", () => {
    for (const defense of ["none", "gaussian:sigma=0.1"]) {
      expect(lawOf(defenses.build(defense), random)).toMatchObject({ kind: "unknown", reason: expect.stringContaining("at random") });
      expect(lawOf(defenses.build(defense), sequential(task, "nchw", [linear("0", [40], 3)])).kind).not.toBe("unknown");
    }
  });

  it("is drawn anew for each update that a client sends, from that update's key", async () => {
    const lanes = 3;
    const keys = [keyFromSeed(5), keyFromSeed(6), keyFromSeed(5)];
    const rows = (data: Float32Array) => Float32Array.from({ length: lanes * data.length }, (_, i) => data[i % data.length]!);
    const held = { lanes, batchSize: 1, x: rows(feeds.x), y: rows(feeds.y) };
    const { updates } = await simulate({ client: one, defense: { steps: [] } }, held, keys, { threads: 1 });
    const own = [0, 1, 2].map((lane) => zeros([...updates.get("0.weight")!.data.slice(120 * lane, 120 * (lane + 1))]));
    expect(own[0]).toEqual(own[2]);
    expect(own[0]).not.toEqual(own[1]);
    const forward = one.update(given, Key.input("key").stream("forward")).entries("0.weight");
    const [again] = evaluate([forward], { ...feeds, key: keyFromSeed(6) });
    expect(own[1]).toEqual(zeros([...again!.data]));
  });

  it("is the same in lanes and in ONNX Runtime", async () => {
    const key = Key.input("key", [2]);
    const lanes = vmap((own: Tensor) => one.update(given, new Key(own)).entries("0.weight"))(key.tensor);
    const program = await compile({ lanes }, { threads: 1 });
    const found = (await program.run({ ...feeds, key: Uint32Array.from(split(keyFromSeed(9), 2).flat()) })).lanes;
    await program.dispose();
    for (const lane of [0, 1]) {
      const alone = evaluate([one.update(given, Key.input("key")).entries("0.weight")], {
        ...feeds,
        key: foldIn(keyFromSeed(9), lane),
      })[0]!;
      alone.data.forEach((entry, i) => {
        expect(Math.abs(entry - found[120 * lane + i]!)).toBeLessThan(1e-6);
      });
    }
  });
});

describe("networks without random layers do not change by a bit with a key", () => {
  const images: Task = { shape: [3, 12, 12], classes: 4, normalization: { mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3] } };
  it.each(["mlp:sizes=8", "lenet", "lenet:variant=soteria", "cnn", "convnet:width=1"])("%s", async (spec) => {
    const model = models.build(spec, images);
    const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)), mode: "train" });
    const batch = { x: input("x", [2, 3, 12, 12]), y: input("y", [2, 4]) };
    const numbers = {
      x: Float32Array.from({ length: 864 }, (_, i) => Math.sin(i)),
      y: Float32Array.of(0, 1, 0, 0, 0, 0, 0, 1),
    };
    const [bare, keyed] = [client.update(batch), client.update(batch, Key.input("key"))].map((gradients) =>
      Object.fromEntries(gradients.tensors),
    );
    const run = async (outputs: Record<string, Tensor>) => {
      const program = await compile(outputs, { threads: 1 });
      const values = await program.run({ ...numbers, key: Uint32Array.from(keyFromSeed(4)) });
      await program.dispose();
      return values;
    };
    expect(await run(keyed!)).toEqual(await run(bare!));
  });
});
