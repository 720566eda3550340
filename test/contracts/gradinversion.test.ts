import { expect, it } from "vitest";
import { agreement } from "../../src/adversary/index.ts";
import { openConsensus } from "../../src/adversary/search/consensus.ts";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { shapesSet } from "../../src/data/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { constant } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { keyFromSeed, split } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { privateBatches, reconstruct, simulate } from "../../src/scenario/index.ts";

it("registers seeds by translation before it averages them", () => {
  // One bright square, seen by each of three seeds at another place: their plain mean is blurred,
  // the registered one is not.
  const square = (row: number, column: number) =>
    Array.from({ length: 64 }, (_, at) => Number(Math.abs(Math.floor(at / 8) - row) <= 1 && Math.abs((at % 8) - column) <= 1));
  const seeds = constant([...square(3, 4), ...square(4, 4), ...square(5, 4)], [3, 1, 1, 8, 8]);
  const [plain, registered] = evaluate([agreement(seeds, 0), agreement(seeds, 2)]);
  expect(Math.max(...plain!.data)).toBe(1);
  expect(plain!.data.filter((value) => value > 0.01 && value < 0.99).length).toBeGreaterThan(0);
  expect([...registered!.data]).toEqual(square(4, 4));
});

it("weighs what seeds agree on from its first step on, which may be 0, and renews it at intervals", async () => {
  const at = (shift: number) => Float32Array.of(1, 2, 3 + shift, 4);
  const means = (shift: number) => [2 + shift / 2, 3, 2 + shift / 2, 3];
  for (const from of [0, 3]) {
    const consensus = await openConsensus({ weight: 0.7, from, every: 2, shift: 0 }, [1, 2], { size: 2, inputs: [1, 2] }, { threads: 1 });
    if (from > 0) expect((await consensus.at(from - 1, at(0))).weight).toBe(0);
    expect(await consensus.at(from, at(0))).toEqual({ x: Float32Array.from(means(0)), weight: 0.7 });
    expect(await consensus.at(from + 1, at(8))).toEqual({ x: Float32Array.from(means(0)), weight: 0.7 });
    expect(await consensus.at(from + 2, at(8))).toEqual({ x: Float32Array.from(means(8)), weight: 0.7 });
    await consensus.dispose();
  }
});

it("reads labels, lets seeds agree, and brings a batch nearer than it began", async () => {
  const dataset = shapesSet("test");
  const model = models.build("lenet:variant=soteria", {
    shape: dataset.shape,
    classes: dataset.classes.length,
    normalization: { mean: dataset.mean, std: dataset.std },
  });
  const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(2)) });
  const examples = [0, 1].map((i) => dataset.example(i));
  const labels = examples.map(({ label }) => label);
  const keys = split(keyFromSeed(3), 1);
  const held = privateBatches([examples], one);
  const received = await simulate({ client: one, defense: defenses.build("none") }, held, keys, { threads: 1 });
  const attack = attacks
    .build("gradinversion:batchNorm=0,gradient=1,tv=0.001,steps=150,seeds=3,groupFrom=20,groupEvery=10,warmUp=10")
    .build({});
  const running = reconstruct({
    attack,
    labels: "recovered",
    seen: { rounds: [received], lanes: 1, batchSize: 2 },
    keys,
    options: { threads: 1 },
  });
  let next = await running.next();
  const objectives: number[] = [];
  for (; !next.done; next = await running.next()) objectives.push(next.value.objective()!);
  expect([...next.value[0]!.labels].sort()).toEqual([...labels].sort());
  expect(objectives.at(-1)!).toBeLessThan(0.3 * objectives[0]!);
});
