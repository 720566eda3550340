import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { attacks } from "../../src/attacks/index.ts";
import { client } from "../../src/client/index.ts";
import { sizeOf } from "../../src/graph/index.ts";
import { psnr } from "../../src/metrics/index.ts";
import { models } from "../../src/models/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { spread } from "../reference/draws.ts";
import { attackTogether, cifarExamples } from "./cifar.ts";

const record = JSON.parse(readFileSync(new URL("../reference/inverting-gradients.json", import.meta.url), "utf8")) as {
  seed: number;
  startIndex: number;
  mean: number[];
  std: number[];
  steps: number;
  psnr: Record<string, number[]>;
  meanPsnr: Record<string, number>;
};

it("Inverting Gradients on ConvBig recovers CIFAR-10 as PyTorch does, from the same weights and starting points", async () => {
  const examples = await cifarExamples("train", 8);
  const key = keyFromSeed(record.seed);
  const model = models.build("convbig", { shape: [3, 32, 32], classes: 10, normalization: { mean: record.mean, std: record.std } });
  let fanIn = 1;
  const weights = new Map(
    model.parameters.map(({ name, shape }, i) => {
      // A bias has the fan-in of its weight, which stands before it.
      if (shape.length > 1) fanIn = sizeOf(shape.slice(1));
      return [name, { shape, data: spread(key, i, shape, 1 / Math.sqrt(fanIn)) }];
    }),
  );
  const start = new Float32Array(8 * 3072);
  for (let i = 0; i < 8; i++) fillNormal(foldIn(key, record.startIndex + i), start.subarray(i * 3072, (i + 1) * 3072));
  const made = await attackTogether(
    client({ model, weights }),
    attacks.build(`inverting-gradients:steps=${record.steps},tv=4e-4,tvNorm=squared`),
    examples,
    start,
    1,
  );
  for (const [step, theirs] of Object.entries(record.meanPsnr)) {
    // The nearest moment that was kept; trajectories of signs are compared by their means.
    const ours = made.map(({ history }, i) => {
      const moment = history.reduce((best, each) =>
        Math.abs(each.step - Number(step)) < Math.abs(best.step - Number(step)) ? each : best,
      );
      return psnr(examples[i]!.image, moment.pictures[0]!);
    });
    const mean = ours.reduce((sum, value) => sum + value, 0) / ours.length;
    console.log(
      `step ${step}: ours ${mean.toFixed(2)} dB, PyTorch ${theirs.toFixed(2)} dB; ours each ${ours.map((value) => value.toFixed(1)).join(" ")}`,
    );
    expect(Math.abs(mean - theirs), `mean PSNR at step ${step}: ${mean.toFixed(2)} and ${theirs}`).toBeLessThan(0.5);
  }
  // The red car.
  expect(psnr(examples[5]!.image, made[5]!.pictures[0]!)).toBeGreaterThan(28);
});
