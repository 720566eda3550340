import { describe, expect, it } from "vitest";
import type { Observations, Progress } from "../../src/adversary/index.ts";
import { attacks } from "../../src/attacks/index.ts";
import { type Client, fedSgd } from "../../src/client/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { fillUniform, keyFromSeed, split } from "../../src/random/index.ts";
import { memoryStore, plan, type Result } from "../../src/runs/index.ts";
import { oneHot, simulate } from "../../src/scenario/index.ts";
import { drawnSources } from "../drawn-sources.ts";

const clientOf = (model: string, shape: readonly number[]): Client => {
  const built = models.build(model, { shape, classes: 10, normalization: { mean: [0], std: [1] } });
  return fedSgd({ model: built, weights: initialWeights(built, keyFromSeed(5)) });
};
const attack = attacks.build("exact").build({});
const keys = (lanes: number) => split(keyFromSeed(1), lanes);

/** Updates without noise, and the inputs that they are of. */
async function observe(client: Client, lanes: number, batchSize = 1): Promise<{ seen: Observations; x: Float32Array }> {
  const x = new Float32Array(lanes * batchSize * client.model.shape.reduce((a, b) => a * b));
  fillUniform(keyFromSeed(6), x);
  const labels = oneHot(
    Array.from({ length: lanes * batchSize }, (_, i) => i % 10),
    10,
  );
  const scenario = { client, defense: defenses.build("none") };
  const received = await simulate(scenario, { lanes, batchSize, x, y: labels }, keys(lanes), { threads: 1 });
  return { seen: { rounds: [received], lanes, batchSize, labels }, x };
}

async function end(seen: Observations): Promise<Progress> {
  let last: Progress | undefined;
  for await (const progress of attack.reconstruct(seen, keys(seen.lanes))) last = progress;
  return last!;
}

describe("the attack exact", () => {
  it.each([
    ["mlp:sizes=64/32", [1, 8, 8]],
    ["mlp:sizes=20,activation=sigmoid", [12]],
  ])("gives back what %s computed on, to float32's digits, in every lane", async (model, shape) => {
    const { seen, x } = await observe(clientOf(model, shape), 3);
    attack.check!(seen);
    const found = await end(seen);
    expect([found.step, found.of]).toEqual([1, 1]);
    const inputs = found.inputs();
    expect(inputs.length).toBe(x.length);
    inputs.forEach((entry, i) => {
      expect(Math.abs(entry - x[i]!)).toBeLessThan(1e-6);
    });
    expect(found.lanes()).toEqual(
      [0, 1, 2].map(() => ({ objective: null, matching: null, steps: 1, evaluations: 0, stopped: "converged" })),
    );
    expect(found.labels()).toEqual(seen.labels);
    expect(attack.objective).toBeUndefined();
  });

  it("says nan in a lane whose update is all zeros, and not in the others", async () => {
    const { seen, x } = await observe(clientOf("mlp:sizes=16", [1, 4, 4]), 2);
    const [round] = seen.rounds;
    const updates = new Map(
      [...round!.updates].map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map((entry, i) => (2 * i < data.length ? 0 : entry)) },
      ]),
    );
    const found = await end({ ...seen, rounds: [{ ...round!, updates }] });
    expect(found.lanes().map(({ stopped }) => stopped)).toEqual(["nan", "converged"]);
    const inputs = found.inputs();
    expect(inputs.subarray(0, 16).every(Number.isNaN)).toBe(true);
    inputs.subarray(16).forEach((entry, i) => {
      expect(Math.abs(entry - x[16 + i]!)).toBeLessThan(1e-6);
    });
  });

  it("has not converged where rows contradict each other, as behind noise, and has where only a factor is lost", async () => {
    const { seen } = await observe(clientOf("mlp:sizes=16", [1, 4, 4]), 2);
    const [round] = seen.rounds;
    const changed = (change: (entry: number, place: number) => number): Observations => ({
      ...seen,
      rounds: [
        {
          ...round!,
          updates: new Map([...round!.updates].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data, change) }])),
        },
      ],
    });
    const noisy = await end(changed((entry, place) => entry + 0.001 * Math.sin(12.9898 * place)));
    expect(noisy.lanes().map(({ stopped }) => stopped)).toEqual([null, null]);
    const shorter = await end(changed((entry) => 0.01 * entry));
    expect(shorter.lanes().map(({ stopped }) => stopped)).toEqual(["converged", "converged"]);
  });

  it("knows no labels where it is given none", async () => {
    const { seen } = await observe(clientOf("mlp:sizes=16", [1, 4, 4]), 2);
    const { labels: _, ...unlabeled } = seen;
    expect([...(await end(unlabeled)).labels()]).toEqual(new Array(20).fill(Math.fround(0.1)));
  });

  it.each(["cnn", "lenet", "convbig"])("refuses %s, whose first layer is no dense one", (model) => {
    const client = clientOf(model, [1, 12, 12]);
    expect(() => attack.check!({ rounds: [{ client }], lanes: 1, batchSize: 1 })).toThrow(
      "attack exact does not fit this network: it inverts a dense first layer with a bias, as in mlp, and this network begins with another layer.",
    );
  });

  it("refuses a batch, also when it is run", async () => {
    const { seen } = await observe(clientOf("mlp:sizes=16", [1, 4, 4]), 1, 2);
    const refusal = "attack exact does not fit a batch of 2: an update adds up the gradients of all its inputs; use a batch of 1.";
    expect(() => attack.check!(seen)).toThrow(refusal);
    await expect(end(seen)).rejects.toThrow(refusal);
  });

  it("is an attack like others: a spec runs it, and images come back far above what is recognized", async () => {
    const asked = {
      command: "attack",
      data: { set: "shapes", images: [0, 3] },
      client: { model: "mlp:sizes=32" },
      attack: "exact",
      lanes: 2,
    };
    const planned = await plan(asked, drawnSources, { machine: { threads: 1, clock: () => 0 }, versions: {} });
    const running = planned.run(memoryStore());
    let next = await running.next();
    while (!next.done) next = await running.next();
    const { images } = next.value as Result;
    expect(images.map(({ stopped }) => stopped)).toEqual(["converged", "converged"]);
    for (const { psnr } of images) expect(psnr).toBeGreaterThan(80);
  });
});
