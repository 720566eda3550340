import { defaultDelta, summarize } from "../../src/metrics/index.ts";
import { specHash } from "../../src/parts/index.ts";
import type { ImageMetrics, Result } from "../../src/runs/index.ts";

/** Steps at which the made-up attack kept images. */
export const madeUpSteps: readonly number[] = [1, 4, 16, 64, 250, 1000, 4000];

const hostileName = `auto<script>alert("1")</script>&'mobile`;
const names = ["frog", "truck", "deer", hostileName, "bird", "horse", "ship", "cat"];

const atDecibels = (psnr: number): ImageMetrics => ({
  psnr,
  psnrUnclamped: psnr - 0.4,
  ssim: Math.round(1e4 * (1 - 10 ** (-psnr / 18))) / 1e4,
  mse: Number((10 ** (-psnr / 10)).toPrecision(6)),
  distance: Number((Math.sqrt(3072) * 10 ** ((0.4 - psnr) / 20)).toPrecision(6)),
});

const summarized = (all: readonly ImageMetrics[]) => ({
  psnr: summarize(
    all.map(({ psnr }) => psnr!),
    "more",
  ),
  psnrUnclamped: summarize(
    all.map(({ psnrUnclamped }) => psnrUnclamped!),
    "more",
  ),
  ssim: summarize(
    all.map(({ ssim }) => ssim!),
    "more",
  ),
  mse: summarize(
    all.map(({ mse }) => mse!),
    "less",
  ),
  distance: summarize(
    all.map(({ distance }) => distance!),
    "less",
  ),
});

/**
 * A result that no attack gave, with every field filled: the third image of four is not recovered,
 * and one name is hostile.
 */
export function madeUpResult(count: number): Result {
  const images = Array.from({ length: count }, (_, i) => {
    const failed = i % 4 === 2;
    const end = failed ? 11.37 : 24.5 + ((i * 7) % 9);
    const moments = [...new Set([...madeUpSteps, ...Array.from({ length: 40 }, (_, k) => Math.round(4000 ** (k / 39)))])].sort(
      (a, b) => a - b,
    );
    const trajectory = moments.map((step) => {
      const progress = Math.log(step) / Math.log(4000);
      const psnr = Math.round(100 * (6 + (end - 6) * progress ** 1.4 + 0.5 * Math.sin(9 * progress + i))) / 100;
      return { step, objective: Number((0.9 * Math.exp(-(failed ? 2 : 5) * progress) + 0.004 * i).toPrecision(5)), psnr };
    });
    return {
      index: 10 + i,
      update: i,
      attack: "inverting-gradients:steps=4000,tv=4e-4,tvNorm=squared",
      label: i,
      assumedLabel: failed ? 0 : i,
      labelReading: null,
      className: names[i % names.length]!,
      ...atDecibels(end),
      objective: trajectory.at(-1)!.objective,
      steps: 4000,
      evaluations: 4000,
      seconds: 12.5 + i,
      stopped: failed ? ("nan" as const) : null,
      explained: failed ? 0.12 : 0.991,
      explainable: 0.997,
      limit: failed ? ("search" as const) : null,
      baseline: { meanImage: atDecibels(12.1 + (i % 3)) },
      nearestPublic: { index: 300 + i, count: 500, ...atDecibels(13.5 + (i % 2)) },
      trajectory,
      files: {
        original: `original-${i}.png`,
        reconstruction: `reconstruction-${i}.png`,
        snapshots: madeUpSteps.map((step) => ({ step, file: `image-${i}-step-${step}.png` })),
      },
    };
  });
  const spec = {
    version: 1,
    command: "attack",
    data: { set: { kind: "cifar10" }, split: "test", images: images.map(({ index }) => index) },
    client: { model: { kind: "convbig" }, weights: { kind: "initial" }, mode: "eval", batch: 1, loss: { kind: "cross-entropy" } },
    defense: { kind: "gaussian", sigma: 0.001 },
    attack: { kind: "inverting-gradients", steps: 4000, tv: 4e-4, tvNorm: "squared" },
    labels: "known",
    seed: 1,
  };
  return {
    format: "gradleak-result-3",
    command: "attack",
    spec,
    specHash: specHash(spec),
    seed: 1,
    versions: { gradleak: "0.1.0", node: "20.20.0", onnxruntime: "1.30.0" },
    assumptions: {
      law: "cosine similarity of gradients",
      prior: "squared total variation, factor 4e-4",
      trueLaw: { kind: "known", text: "gaussian with sigma 0.001" },
      radius: 0,
      samples: 1,
      labels: "known",
      mode: "eval",
      batchNorm: "none",
      batchSize: 1,
      model: "convbig",
      defense: "gaussian:sigma=0.001",
      delta: defaultDelta([3, 32, 32]),
      deltaSpace: "pixel",
    },
    images,
    summary: {
      labelAccuracy: null,
      attack: summarized(images),
      baseline: { meanImage: summarized(images.map(({ baseline }) => baseline.meanImage)) },
      nearestPublic: summarized(images.map(({ nearestPublic }) => nearestPublic)),
    },
    notes: ["Images were brought to 32×32 by center crop and area averaging."],
  };
}
