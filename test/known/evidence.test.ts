import { describe, expect, it } from "vitest";
import { attackOf } from "../../src/attacks/index.ts";
import { cellsOf } from "../../src/audit/cells.ts";
import { controlsOf } from "../../src/audit/controls.ts";
import { fedSgd } from "../../src/client/index.ts";
import { bareOf, defended, defenses, gaussianLikelihood, laplacianLikelihood, residualBehind } from "../../src/defenses/index.ts";
import { constant, input } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { linear } from "../../src/models/layers.ts";
import { sequential } from "../../src/models/model.ts";
import { fillNormal, Key, keyFromSeed, split } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { diagnose, explainer, privateBatches, scenario, simulate } from "../../src/scenario/index.ts";

const [d, classes, lanes] = [12, 3, 4];
const task = { shape: [d], classes, normalization: { mean: [0], std: [1] } };
const model = models.build("mlp:sizes=20", task);
const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const keys = split(keyFromSeed(2), lanes);

const batchesOf = (seed: number) =>
  privateBatches(
    split(keyFromSeed(seed), lanes).map((key) => {
      const image = new Float32Array(d);
      fillNormal(key, image);
      return [{ index: 0, image, label: 1 }];
    }),
    client,
  );
const [truth, other] = [batchesOf(3), batchesOf(4)];

async function measured(spec: string) {
  const defense = defenses.build(spec);
  const round = await simulate({ client, defense }, truth, keys, { threads: 1 });
  const seen = { rounds: [round], lanes, batchSize: 1, labels: truth.y };
  const one = explainer(residualBehind(defense, defended(defense, client).model), { threads: 1 });
  const [atTruth, atOther] = [await one.at(seen, truth), await one.at(seen, other)];
  await one.dispose();
  return { round, atTruth, atOther };
}

/** The client's gradient of one lane, by name, in float64. */
const gradientOf = ({ x }: typeof truth, lane: number) => {
  const batch = { x: constant(x.slice(lane * d, (lane + 1) * d), [1, d]), y: constant(Float32Array.of(0, 1, 0), [1, classes]) };
  const { tensors } = client.update(batch);
  return new Map([...tensors].map(([name, tensor]) => [name, evaluate([tensor])[0]!.data]));
};
const entries = client.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);

describe("what a batch leaves of an update", () => {
  it("is the squared distance from what it would send", async () => {
    const { round, atOther } = await measured("none");
    for (let lane = 0; lane < lanes; lane++) {
      let [left, norm] = [0, 0];
      for (const [name, expected] of gradientOf(other, lane)) {
        const { data } = round.updates.get(name)!;
        expected.forEach((entry, i) => {
          const sent = data[lane * expected.length + i]!;
          left += (sent - entry) ** 2;
          norm += sent ** 2;
        });
      }
      expect(atOther.left[lane]! / left).toBeCloseTo(1, 4);
      expect(atOther.norm[lane]! / norm).toBeCloseTo(1, 4);
    }
  });

  it.each([
    "none",
    "clip:norm=0.1",
    "mask:keep=0.5,published=true",
    "mask:keep=0.5,published=false",
    "clip:norm=0.1+mask:keep=0.3",
    "gaussian:sigma=1e-7+mask:keep=0.5,published=true",
  ])("is nothing for the truth behind %s, and something for another batch", async (spec) => {
    const { atTruth, atOther } = await measured(spec);
    for (let lane = 0; lane < lanes; lane++) {
      expect(atTruth.left[lane]! / atTruth.norm[lane]!).toBeLessThan(1e-9);
      expect(atOther.left[lane]! / atOther.norm[lane]!).toBeGreaterThan(0.01);
    }
  });

  it.each([
    ["gaussian:sigma=0.5", gaussianLikelihood(0.5), 0.25],
    ["laplacian:scale=0.5", laplacianLikelihood(0.5), 0.5],
  ] as const)("is the energy of the noise for the truth behind %s", async (spec, likelihood, variance) => {
    const { atTruth } = await measured(spec);
    const energy = likelihood.noiseEnergy!(client, 1);
    expect(energy).toBeCloseTo(entries * variance, 9);
    const mean = atTruth.left.reduce((sum, left) => sum + left, 0) / lanes;
    // 4 × 323 entries: the deviation of the mean is about 4 to 7 %.
    expect(Math.abs(mean / energy - 1)).toBeLessThan(0.25);
  });
});

it("what a batch leaves of an update is computed once, and anew for another update", async () => {
  const defense = defenses.build("none");
  const seenOf = async (batches: typeof truth) => {
    const round = await simulate({ client, defense }, batches, keys, { threads: 1 });
    return { rounds: [round], lanes, batchSize: 1, labels: batches.y };
  };
  const [seen, another] = [await seenOf(truth), await seenOf(other)];
  const one = explainer(residualBehind(defense, model), { threads: 1 });
  const first = await one.at(seen, truth);
  await one.at(seen, other);
  // Each attack on an update has observations of its own, with the same rounds.
  expect(await one.at({ ...seen, rounds: [...seen.rounds] }, truth)).toBe(first);
  const { left, norm } = await one.at(another, truth);
  expect(first.left.every((entry) => entry < 1e-9)).toBe(true);
  for (let lane = 0; lane < lanes; lane++) expect(left[lane]! / norm[lane]!).toBeGreaterThan(0.01);
  await one.dispose();
});

it("a diagnosis states the share of the squared norm, and leaves out what nobody knows", async () => {
  const defense = defenses.build("none");
  const round = await simulate({ client, defense }, truth, keys, { threads: 1 });
  const seen = { rounds: [round], lanes, batchSize: 1, labels: truth.y };
  const own = explainer(residualBehind(defense, model), { threads: 1 });
  const { left, norm } = await own.at(seen, other);
  const lane = { objective: null, matching: null, steps: 1, evaluations: 1, stopped: null };
  const made = Array.from({ length: lanes }, (_, i) => ({
    images: [],
    labels: [],
    history: [],
    lane,
    candidate: { x: other.x.slice(i * d, (i + 1) * d), y: other.y.slice(i * classes, (i + 1) * classes) },
  }));
  const attack = { assumes: { law: "", prior: "", radius: 0, samples: 1 }, async *reconstruct(): AsyncGenerator<never> {} };
  const asked = { attack, seen, keys, made, explainer: own, options: { threads: 1 } };
  const [known, unknown] = [await diagnose({ ...asked, truth }), await diagnose(asked)];
  for (let i = 0; i < lanes; i++) {
    expect(known[i]!.explained).toBeCloseTo(1 - left[i]! / norm[i]!, 6);
    expect(known[i]!.explainable).toBeCloseTo(1, 6);
    expect(unknown[i]).toMatchObject({ explained: known[i]!.explained, explainable: null, limit: null });
  }
  await own.dispose();
});

describe("a control", () => {
  it("computes random layers at the center of their noise, whatever key it has", () => {
    const dropout = {
      parameters: [],
      statistics: [],
      shape: [d],
      random: true,
      forward: (x: ReturnType<typeof constant>, { key }: { readonly key?: Key }) => (key ? x.mul(key.bernoulli(0.5, x.shape)).mul(2) : x),
    };
    const random = sequential(task, "nchw", [dropout, linear("0", [d], classes)]);
    const own = fedSgd({ model: random, weights: initialWeights(random, keyFromSeed(1)) });
    const batch = { x: input("x", [1, d]), y: constant(Float32Array.of(0, 1, 0), [1, classes]) };
    const bare = defended(bareOf({ steps: [] }, random), own);
    const numbers = { x: truth.x.slice(0, d), key: Uint32Array.from(keyFromSeed(7)) };
    const at = (update: ReturnType<typeof own.update>) => [...evaluate([update.entries("0.weight")], numbers)[0]!.data];
    expect(at(bare.update(batch, Key.input("key")))).toEqual(at(own.update(batch)));
    expect(at(bare.exactly().update(batch, Key.input("key")))).toEqual(at(own.update(batch)));
    expect(at(own.update(batch, Key.input("key")))).not.toEqual(at(own.update(batch)));
    expect(bare.model.random).toBe(false);
    // Without random layers nothing is changed.
    expect(bareOf(defenses.build("gaussian:sigma=1"), model).steps).toEqual([]);
  });

  it("shares its bare updates with the controls of other attacks", () => {
    const under = (name: string) =>
      scenario({ client, defense: { name, ...defenses.build(name) }, attacks: tried, score: { delta: 1, deltaSpace: "pixel" } });
    const tried = [attackOf("idlg:steps=2"), attackOf("dlg:steps=2")];
    const cells = cellsOf({ scenarios: [under("gaussian:sigma=1"), under("clip:norm=1")] });
    const { runs, places } = controlsOf(cells);
    expect(runs.map(({ attacks }) => attacks.map(({ name }) => name))).toEqual(tried.map(({ name }) => [name]));
    expect(places).toEqual([0, 1, 0, 1].map((run) => ({ kind: "run", run })));
    expect(new Set(runs.map(({ defense }) => defense)).size).toBe(1);
  });
});
