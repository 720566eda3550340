import { readFileSync } from "node:fs";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { sizeOf } from "../../src/graph/index.ts";
import { psnr } from "../../src/metrics/index.ts";
import { models } from "../../src/models/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { spread } from "../reference/draws.ts";
import { attackTogether, cifarExamples, first } from "./cifar.ts";

/** What PyTorch found on the first 8 training images, from the same weights and starting points. */
export const pytorch = JSON.parse(readFileSync(new URL("../reference/inverting-gradients.json", import.meta.url), "utf8")) as {
  seed: number;
  startIndex: number;
  mean: number[];
  std: number[];
  steps: number;
  meanPsnr: Record<string, number>;
};

/** PSNR of each image at the moment nearest to a step, of those that were kept. */
export type PsnrAt = (step: number) => number[];

/** Attacks the first 8 training images by Inverting Gradients on ConvBig, in one program. */
export async function attackConvbig(steps: number): Promise<PsnrAt> {
  const examples = await cifarExamples("train", first(8));
  const key = keyFromSeed(pytorch.seed);
  const normalization = { mean: pytorch.mean, std: pytorch.std };
  const model = models.build("convbig", { shape: [3, 32, 32], classes: 10, normalization });
  let fanIn = 1;
  const weights = new Map(
    model.parameters.map(({ name, shape }, i) => {
      // A bias has the fan-in of its weight, which stands before it.
      if (shape.length > 1) fanIn = sizeOf(shape.slice(1));
      return [name, { shape, data: spread(key, i, shape, 1 / Math.sqrt(fanIn)) }];
    }),
  );
  const start = new Float32Array(8 * 3072);
  for (let i = 0; i < 8; i++) fillNormal(foldIn(key, pytorch.startIndex + i), start.subarray(i * 3072, (i + 1) * 3072));
  const attack = attacks.build(`inverting-gradients:steps=${steps},tv=4e-4,tvNorm=squared`);
  const made = await attackTogether(fedSgd({ model, weights }), attack, examples, start);
  return (step) =>
    made.map(({ history }, i) => {
      const moment = history.reduce((best, each) => (Math.abs(each.step - step) < Math.abs(best.step - step) ? each : best));
      return psnr(examples[i]!.image, moment.images[0]!);
    });
}

/** The mean of decibels, with a line for whoever watches. */
export function meanAt(psnrAt: PsnrAt, step: number): number {
  const each = psnrAt(step);
  const mean = each.reduce((sum, value) => sum + value, 0) / each.length;
  console.log(`step ${step}: ${mean.toFixed(2)} dB; each ${each.map((value) => value.toFixed(1)).join(" ")}`);
  return mean;
}
