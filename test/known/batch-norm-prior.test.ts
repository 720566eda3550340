import { expect, it } from "vitest";
import { fedSgd } from "../../src/client/index.ts";
import { shapesSet } from "../../src/data/index.ts";
import { summarizeBatches } from "../../src/experiments/batch-norm-prior/batch-norm-prior-score.ts";
import { distinctDraws } from "../../src/experiments/batch-norm-prior/distinct-draws.ts";
import { cosineNearby, drawUpdate } from "../../src/experiments/batch-norm-prior/drawn-update.ts";
import { type BatchNormPriorResult, validateExperiment } from "../../src/experiments/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { foldIn, keyFromSeed } from "../../src/random/index.ts";
import { runExperiment } from "./run-experiment.ts";

async function run(text: string): Promise<BatchNormPriorResult> {
  const steps: number[] = [];
  const made = await runExperiment(text, { seed: 4, onTick: ({ step, of }) => steps.push(step / of) });
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(steps.at(-1)).toBe(1);
  const result = validateExperiment(made.result, "the result") as BatchNormPriorResult;
  const files = result.batches.flatMap(({ images }) => images.flatMap(({ files }) => Object.values(files ?? {})));
  expect([...made.images.keys()].sort()).toEqual(files.sort());
  return result;
}

const small = "batch-norm-prior:width=2,pool=average,batch=2,batches=2,steps=5,warmUp=1,examples=32";
const untuned = `${small},rates=0.1,tvs=1e-4`;

it("attacks the same updates from the same starts: without a weight to speak of, the prior changes nothing to speak of", async () => {
  const [nothing, much] = [await run(`${untuned},weights=1e-12`), await run(`${untuned},weights=10`)];
  expect(Math.abs(nothing.difference.mean)).toBeLessThan(1e-3);
  expect(Math.abs(much.difference.mean)).toBeGreaterThan(1e-2);
  // The attack without the prior is the same in both, to the bit.
  expect(much.psnr.without).toEqual(nothing.psnr.without);
  for (const { matching, statistics, nearby } of much.batches) {
    expect(matching.nothing).toBeGreaterThan(0);
    // What the prior asks for, it gets: statistics nearer to the running ones.
    expect(statistics.with!).toBeLessThan(statistics.without!);
    expect(nearby).toBeGreaterThan(0.5);
    expect(nearby).toBeLessThan(1);
  }
  for (const { images } of much.batches) expect(new Set(images.map(({ label }) => label)).size).toBe(2);
  expect(much.batches.flatMap(({ images }) => images.map(({ index }) => index))).toEqual(
    nothing.batches.flatMap(({ images }) => images.map(({ index }) => index)),
  );
}, 180_000);

it("attacks a network that was trained before, and says how well it classifies", async () => {
  const trained = await run(`${untuned},weights=1e-3,trainingSteps=60,trainingRate=0.01`);
  // One of ten classes by chance.
  expect(trained.accuracy.lower).toBeGreaterThan(0.1);
  expect(trained.notes[0]).toContain("Its weights are those after 60 steps of Adam, of 32 images each");
}, 180_000);

it("tunes both attacks by as many candidates on the same updates of training images, and scores the best", async () => {
  const { tuning, attacks } = await run(`${small},rates=0.001/0.3,tvs=1e-4/1e-1,weights=1e-3/1,candidates=3,tuning=2`);
  expect(tuning.batches).toHaveLength(2);
  for (const arm of ["without", "with"] as const) {
    const candidates = tuning.candidates[arm];
    expect(candidates).toHaveLength(3);
    expect(new Set(candidates.map(({ rate, tv, batchNorm }) => `${rate} ${tv} ${batchNorm}`)).size).toBe(3);
    for (const { batchNorm } of candidates) expect(batchNorm > 0).toBe(arm === "with");
    const [best, ...others] = candidates.filter(({ chosen }) => chosen);
    expect(others).toEqual([]);
    expect(best!.psnr).toBe(Math.max(...candidates.map(({ psnr }) => psnr!)));
    expect(attacks[arm]).toContain(`rate=${best!.rate}`);
    expect(attacks[arm]).toContain(`tv=${best!.tv}`);
    expect(attacks[arm]).toContain(`batchNorm=${best!.batchNorm}`);
  }
}, 180_000);

it("an update has a cosine of 1 with itself, and less with that of its images under noise", async () => {
  const train = shapesSet("train");
  const normalization = { mean: train.mean, std: train.std };
  const model = models.build("convnet:width=2", { shape: train.shape, classes: 10, normalization });
  const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
  const machine = { threads: 1, clock: () => 0 };
  const [images, noise] = [keyFromSeed(2), keyFromSeed(3)];
  const update = await drawUpdate(one, train, 2, { images, noise }, machine);
  expect(await cosineNearby(update, { deviations: 0, key: noise }, machine)).toBeCloseTo(1, 6);
  const cosines = await Promise.all([0.01, 1].map((deviations) => cosineNearby(update, { deviations, key: noise }, machine)));
  expect(cosines[0]!).toBeGreaterThan(cosines[1]!);
}, 180_000);

it("takes differences image by image and resamples whole batches", () => {
  const batch = (pairs: readonly (readonly [number, number])[], labelsFound: number) => ({
    images: pairs.map(([without, assumed], i) => ({ index: i, label: i, psnr: { without, with: assumed, meanImage: 12 } })),
    labelsFound,
    matching: { without: 1, with: 1, nothing: 1 },
    nearby: 1,
    statistics: { truth: 1, without: 1, with: 1 },
  });
  // Every batch has the same mean difference, whatever its images have: no resample of batches has
  // another one.
  const batches = [batch([[10, 14], [12, 12]], 2), batch([[9, 10], [10, 13]], 1), batch([[20, 23], [3, 4]], 1)]; // biome-ignore format: a pair an image
  const { difference, better, labelAccuracy } = summarizeBatches(batches, keyFromSeed(1));
  expect(difference).toEqual({ mean: 2, low: 2, high: 2 });
  expect(better).toEqual({ images: 5, of: 6 });
  expect(labelAccuracy).toBeCloseTo(4 / 6, 12);
});

it("draws batches of different classes, every class as often", () => {
  const test = shapesSet("test");
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 40; i++) {
    const labels = distinctDraws(test, 4, foldIn(keyFromSeed(5), i)).map(({ label, index }) => {
      expect(index % 10).toBe(label);
      return label;
    });
    expect(new Set(labels).size).toBe(4);
    for (const label of labels) counts[label]!++;
  }
  // Binomial(40, 0.4): five standard deviations are 15.5.
  for (const count of counts) expect(Math.abs(count - 16)).toBeLessThan(15.5);
});
