import { expect, it } from "vitest";
import { attackChunk, attackSpec, chunksOf, meanImage, modelFor, parseSpec, streamKey } from "../../src/audit/index.ts";
import { shapesSet } from "../../src/data/index.ts";
import { initialWeights } from "../../src/models/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";

it("a picture comes back out of ConvBig's gradient, far above the mean image", async () => {
  const dataset = shapesSet("test");
  const spec = parseSpec(attackSpec, {
    data: { kind: "shapes", split: "test", images: [0] },
    client: { model: "convbig", weights: { kind: "initial" } },
    defense: "none",
    attack: "inverting-gradients:steps=150,tv=4e-4,tvNorm=squared",
    labels: "known",
    score: { delta: 5.5 },
    seed: 1,
  });
  const weights = initialWeights(modelFor(spec, { ...dataset, classes: 10 }), streamKey(keyFromSeed(1), "weights", 0));
  const run = { spec, dataset, weights, baselines: { meanImage: meanImage(dataset, 50) }, machine: { threads: 2, clock: () => 0 } };
  const running = attackChunk(run, chunksOf(spec)[0]!);
  let next = await running.next();
  while (!next.done) next = await running.next();
  const [image] = next.value.images;
  expect(image!.psnr).toBeGreaterThan(27);
  expect(image!.ssim).toBeGreaterThan(0.8);
  expect(image!.psnr! - image!.baseline.meanImage!.psnr!).toBeGreaterThan(8);
});
