import { describe, expect, it } from "vitest";
import { batchStatistics, type Client, fedSgd } from "../../src/client/index.ts";
import { shapesSet } from "../../src/data/index.ts";
import { readSafetensors, toFloat32 } from "../../src/formats/index.ts";
import { constant } from "../../src/graph/index.ts";
import { initialWeights, models, perChannel, toModelSpace } from "../../src/models/index.ts";
import { keyFromSeed, stream } from "../../src/random/index.ts";
import { attackSpec, memoryStore, parseSpec, plan, realize, type Sources, taskOf } from "../../src/runs/index.ts";
import { prepareAttack } from "../../src/runs/prepare.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { oneHot } from "../../src/scenario/index.ts";
import { drawnSources } from "../drawn-sources.ts";

const machine = { threads: 1, clock: () => 0 };
const asked = (statistics?: object) => ({
  command: "attack",
  data: { set: "shapes", split: "test", images: [3] },
  client: { model: "convnet:width=1", ...(statistics ? { statistics } : {}) },
  attack: "gradinversion:steps=1,seeds=1",
  labels: "known",
  score: { delta: 5 },
  seed: 1,
});
const model = models.build("convnet:width=1", taskOf(shapesSet("test")));
/** The weights as they are drawn, with means of 0 and variances of 1. */
const initial = initialWeights(model, stream(keyFromSeed(1), "weights"));

/** The client of a run. */
async function clientOf(statistics?: object, own = drawnSources): Promise<Client> {
  const { scenarios } = await realize(await prepareAttack(parseSpec(attackSpec, asked(statistics)), own), own, machine);
  return scenarios[0]!.client;
}
const numbersOf = (client: Client, name: string) => evaluate([client.weight(name)])[0]!.data;

describe("running statistics that a spec asks for", () => {
  it("are those of what enters the first normalization over the named training images, by hand", async () => {
    const client = await clientOf({ examples: 8, batch: 4 });
    const { mean: center, std } = perChannel(model);
    const convolution = (name: string) => initial.get(`conv0.${name}`)!.data;
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
    expect(numbersOf(client, "bn0.running_mean")[0]).toBeCloseTo((passes[0]!.mean + passes[1]!.mean) / 2, 5);
    expect(numbersOf(client, "bn0.running_var")[0]).toBeCloseTo((passes[0]!.variance + passes[1]!.variance) / 2, 5);
  });

  it("are what the client normalizes by, and what the attacker compares with", async () => {
    const store = memoryStore();
    const planned = await plan(asked({ examples: 64 }), drawnSources, { machine, versions: {} }, { saveUpdates: true });
    const running = planned.run(store);
    for (let next = await running.next(); !next.done; ) next = await running.next();
    const file = readSafetensors((await store.read("update-3.safetensors"))!, "the update");
    const sent = toFloat32(file.get("linear.weight")!);
    const { image, label } = shapesSet("test").example(3);
    const batch = {
      x: constant(toModelSpace(image, model.normalization), [1, 3, 32, 32]),
      y: constant(oneHot([label], 10), [1, 10]),
    };
    const apart = (client: Client) => {
      const own = evaluate([client.update(batch).entries("linear.weight")])[0]!.data;
      return Math.max(...Array.from(sent, (entry, i) => Math.abs(entry - own[i]!)));
    };
    const estimated = await clientOf({ examples: 64 });
    expect(apart(estimated)).toBeLessThan(1e-4);
    expect(apart(fedSgd({ model, weights: initial }))).toBeGreaterThan(1e-2);
    const [first] = batchStatistics(estimated, batch);
    expect(evaluate([first!.running.mean])[0]!.data[0]).toBe(numbersOf(estimated, "bn0.running_mean")[0]);
    expect(numbersOf(estimated, "bn0.running_mean")[0]).not.toBe(0);
  });

  it("leave a run alone that asks for none", async () => {
    const client = await clientOf();
    for (const [name, { data }] of initial) expect([...numbersOf(client, name)], name).toEqual([...data]);
  });

  it("are refused without public images", async () => {
    const whole: Sources = { ...drawnSources, dataset: async () => ({ ...shapesSet("test"), whole: true }) };
    await expect(clientOf({ examples: 64 }, whole)).rejects.toThrow(
      "needs images of the other split, which is public, and this data has no other split",
    );
  });
});
