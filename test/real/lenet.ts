import { readFileSync } from "node:fs";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { psnr } from "../../src/metrics/index.ts";
import { models } from "../../src/models/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { spread } from "../reference/draws.ts";
import { attackTogether, cifarExamples } from "./cifar.ts";

/**
 * What PyTorch found on the first 16 test images, from the same weights and starting points, in 100
 * outer steps.
 */
const record = JSON.parse(readFileSync(new URL("../reference/dlg.json", import.meta.url), "utf8")) as {
  seed: number;
  startIndex: number;
  runs: Record<"idlg, none" | "idlg, strong_wolfe", { psnr: number[]; diverged: boolean[] }>;
};
export const pytorch = record.runs;

const key = keyFromSeed(record.seed);
const model = models.build("lenet:variant=zhu", { shape: [3, 32, 32], classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } });
const one = fedSgd({
  model,
  weights: new Map(model.parameters.map(({ name, shape }, i) => [name, { shape, data: spread(key, i, shape, 0.5) }])),
});

/** What became of one image. */
export interface Found {
  readonly psnr: number;
  /** Whether the label that the attack read or found is the image's. */
  readonly right: boolean;
  /** Whether the objective ended no lower than it began. */
  readonly diverged: boolean;
}

/** Attacks test images on LeNet with weights U(-0.5, 0.5), `together` at a time. */
export async function attackLenet(attack: string, indices: readonly number[], together: number): Promise<Found[]> {
  const examples = await cifarExamples("test", indices);
  const began = performance.now();
  const found: Found[] = [];
  for (let from = 0; from < examples.length; from += together) {
    const own = examples.slice(from, from + together);
    const start = new Float32Array(own.length * 3072);
    own.forEach(({ index }, i) => {
      fillNormal(foldIn(key, record.startIndex + index), start.subarray(i * 3072, (i + 1) * 3072));
    });
    const made = await attackTogether(one, attacks.build(attack), own, start);
    made.forEach(({ images, labels, lane, history }, i) => {
      found.push({
        psnr: psnr(own[i]!.image, images[0]!),
        right: labels[0] === own[i]!.label,
        diverged: !((lane.objective ?? Number.NaN) < history[0]!.objective!),
      });
    });
  }
  const seconds = (performance.now() - began) / 1000 / examples.length;
  const counts = `${above30(found)} of ${found.length} above 30 dB, ${found.filter(({ diverged }) => diverged).length} diverged`;
  const right = found.filter((each) => each.right).length;
  const each = found.map((one) => one.psnr.toFixed(1)).join(" ");
  console.log(`${attack}: ${counts}, ${right} labels right, ${seconds.toFixed(1)} s an image; ${each}`);
  return found;
}

/** How many images come back nearly as they were. */
export const above30 = (found: readonly Found[]): number => found.filter((each) => each.psnr > 30).length;
