import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { attacks } from "../../src/attacks/index.ts";
import { client } from "../../src/client/index.ts";
import { psnr } from "../../src/metrics/index.ts";
import { models } from "../../src/models/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { spread } from "../reference/draws.ts";
import { attackTogether, cifarExamples } from "./cifar.ts";

const { seed, startIndex } = JSON.parse(readFileSync(new URL("../reference/dlg.json", import.meta.url), "utf8")) as {
  seed: number;
  startIndex: number;
};
const key = keyFromSeed(seed);
const model = models.build("lenet:variant=zhu", { shape: [3, 32, 32], classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } });
const one = client({
  model,
  weights: new Map(model.parameters.map(({ name, shape }, i) => [name, { shape, data: spread(key, i, shape, 0.5) }])),
});

/** Attacks test images from 0, `together` at a time; PSNR, label and end of each. */
async function run(attack: string, count: number, together: number) {
  const examples = await cifarExamples("test", count);
  const began = performance.now();
  const found: { psnr: number; right: boolean; objective: number; first: number }[] = [];
  for (let from = 0; from < count; from += together) {
    const own = examples.slice(from, from + together);
    const start = new Float32Array(own.length * 3072);
    own.forEach((_, i) => {
      fillNormal(foldIn(key, startIndex + from + i), start.subarray(i * 3072, (i + 1) * 3072));
    });
    const made = await attackTogether(one, attacks.build(attack), own, start, from);
    made.forEach(({ pictures, labels, lane, history }, i) => {
      found.push({
        psnr: psnr(own[i]!.image, pictures[0]!),
        right: labels[0] === own[i]!.label,
        objective: lane.objective,
        first: history[0]!.objective,
      });
    });
  }
  const above = found.filter((each) => each.psnr > 30).length;
  const diverged = found.filter(({ objective, first }) => !(objective < first)).length;
  const seconds = (performance.now() - began) / 1000 / count;
  const right = found.filter((each) => each.right).length;
  console.log(
    `${attack}: ${above} of ${count} above 30 dB, ${diverged} diverged, ${right} labels right, ${seconds.toFixed(1)} s an image; ${found.map((each) => each.psnr.toFixed(0)).join(" ")}`,
  );
  return { above, diverged, seconds, right };
}

describe("on LeNet with weights U(-0.5, 0.5)", () => {
  it("iDLG with the original L-BFGS recovers some images and diverges on others, as PyTorch does", async () => {
    const { above, diverged } = await run("idlg:optimizer=lbfgs-original,steps=100", 16, 16);
    expect(above).toBeGreaterThanOrEqual(3);
    expect(above).toBeLessThanOrEqual(12);
    expect(diverged).toBeGreaterThanOrEqual(1);
  });

  it("iDLG with our default recovers at least 45 of 50 images above 30 dB", async () => {
    const { above, right } = await run("idlg", 50, 1);
    expect(right).toBe(50);
    expect(above).toBeGreaterThanOrEqual(45);
  });

  it("DLG with joint labels is reported beside it", async () => {
    const { above, diverged } = await run("dlg", 10, 1);
    expect(above + diverged).toBeGreaterThan(0);
  });
});
