import { expect, it } from "vitest";
import { shapes } from "../../src/data/index.ts";
import { summarizeBatches } from "../../src/experiments/batch-norm-prior-score.ts";
import { distinctDraws } from "../../src/experiments/distinct-draws.ts";
import { type BatchNormPriorResult, experiments, validateExperiment } from "../../src/experiments/index.ts";
import { foldIn, keyFromSeed } from "../../src/random/index.ts";

async function run(text: string): Promise<BatchNormPriorResult> {
  const experiment = experiments.parse(text);
  const running = experiments
    .build(experiment)
    .run({ spec: { experiment, seed: 4 }, versions: {}, machine: { clock: () => 0, threads: 1 } });
  const steps: number[] = [];
  let next = await running.next();
  for (; !next.done; next = await running.next()) steps.push(next.value.step / next.value.of);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(steps.at(-1)).toBe(1);
  const result = validateExperiment(next.value.result, "the result") as BatchNormPriorResult;
  const files = result.batches.flatMap(({ images }) => images.flatMap(({ files }) => Object.values(files ?? {})));
  expect([...next.value.pictures.keys()].sort()).toEqual(files.sort());
  return result;
}

const small = "batch-norm-prior:width=2,batch=2,batches=2,steps=5,warmUp=1,examples=32";

it("attacks the same updates from the same starts: without a weight to speak of, the prior changes nothing to speak of", async () => {
  const [nothing, much] = [await run(`${small},weight=1e-12`), await run(`${small},weight=10`)];
  expect(Math.abs(nothing.difference.mean)).toBeLessThan(1e-3);
  expect(Math.abs(much.difference.mean)).toBeGreaterThan(1e-2);
  // The attack without the prior is the same in both, to the bit.
  expect(much.psnr.without).toEqual(nothing.psnr.without);
  for (const { matching } of much.batches) expect(matching.nothing).toBeGreaterThan(0);
  for (const { images } of much.batches) expect(new Set(images.map(({ label }) => label)).size).toBe(2);
  expect(much.batches.flatMap(({ images }) => images.map(({ index }) => index))).toEqual(
    nothing.batches.flatMap(({ images }) => images.map(({ index }) => index)),
  );
}, 60_000);

it("takes differences image by image and resamples whole batches", () => {
  const batch = (pairs: readonly (readonly [number, number])[], labelsFound: number) => ({
    images: pairs.map(([without, assumed], i) => ({ index: i, label: i, psnr: { without, with: assumed, meanImage: 12 } })),
    labelsFound,
    matching: { without: 1, with: 1, nothing: 1 },
  });
  // Every batch has the same mean difference, whatever its images have: no resample of batches has another one.
  const batches = [batch([[10, 14], [12, 12]], 2), batch([[9, 10], [10, 13]], 1), batch([[20, 23], [3, 4]], 1)]; // biome-ignore format: a pair an image
  const { difference, better, labelAccuracy } = summarizeBatches(batches, keyFromSeed(1));
  expect(difference).toEqual({ mean: 2, low: 2, high: 2 });
  expect(better).toEqual({ images: 5, of: 6 });
  expect(labelAccuracy).toBeCloseTo(4 / 6, 12);
});

it("draws batches of different classes, every class as often", () => {
  const test = shapes("test");
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
