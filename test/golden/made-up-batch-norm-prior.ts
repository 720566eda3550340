import type { BatchNormPriorResult } from "../../src/experiments/index.ts";
import { encodePng } from "../../src/formats/index.ts";
import { specHash } from "../../src/parts/index.ts";

/** A comparison that no experiment gave: two batches of two images, images of the first. */
export function madeUpBatchNormPrior(): BatchNormPriorResult {
  const spec = { version: 1, command: "reproduce", experiment: { kind: "batch-norm-prior", batch: 2, batches: 2, steps: 50 }, seed: 3 };
  const around = (mean: number, spread: number) => ({ mean, low: mean - spread, high: mean + spread });
  const image = (index: number, without: number, assumed: number) => ({
    index,
    label: index % 10,
    psnr: { without, with: assumed, meanImage: 12.5 },
  });
  const shown = (b: number) => ({ files: { original: `original-0-${b}.png`, without: `without-0-${b}.png`, with: `with-0-${b}.png` } });
  return {
    format: "gradleak-batch-norm-prior-2",
    command: "reproduce",
    experiment: "batch-norm-prior",
    spec,
    specHash: specHash(spec),
    seed: 3,
    versions: { gradleak: "0.1.0", node: "20.20.0", onnxruntime: "1.30.0" },
    accuracy: { estimate: 0.875, lower: 0.75, upper: 0.9375 },
    attacks: { without: "gradinversion:batchNorm=0", with: "gradinversion:batchNorm=0.1" },
    tuning: {
      specHash: specHash({ made: "up" }),
      split: "train",
      batches: [[3, 14]],
      candidates: {
        without: [
          { rate: 0.1, tv: 1e-4, batchNorm: 0, psnr: 12.5, chosen: true },
          { rate: 0.05, tv: 1e-4, batchNorm: 0, psnr: 12.25, chosen: false },
        ],
        with: [
          { rate: 0.1, tv: 1e-4, batchNorm: 0.01, psnr: null, chosen: false },
          { rate: 0.05, tv: 1e-4, batchNorm: 0.1, psnr: 14, chosen: true },
        ],
      },
    },
    confidence: 0.95,
    psnr: { without: around(12.25, 0.5), with: around(14.5, 0.75), meanImage: around(12.5, 0.25) },
    difference: around(2.25, 1.25),
    better: { images: 3, of: 4 },
    labelAccuracy: 0.75,
    batches: [
      {
        images: [
          { ...image(41, 12, 15), ...shown(0) },
          { ...image(1207, 13, 12.5), ...shown(1) },
        ],
        labelsFound: 2,
        matching: { without: 0.225, with: 0.18, nothing: 0.23 },
        nearby: 0.95,
        statistics: { truth: 11.5, without: 22.5, with: 12.5 },
      },
      {
        images: [image(9, 11.5, 15.25), image(8888, 12.5, 15.25)],
        labelsFound: 1,
        matching: { without: 0.25, with: null, nothing: 0.24 },
        nearby: 0.85,
        statistics: { truth: 10.5, without: 21.5, with: null },
      },
    ],
    notes: ["The numbers are made up, and one is <b>bold</b>."],
  };
}

/** The images that it names: plain squares. */
export function madeUpTriples(): ReadonlyMap<string, Uint8Array> {
  const names = ["original", "without", "with"].flatMap((arm) => [0, 1].map((b) => `${arm}-0-${b}.png`));
  return new Map(
    names.map((name, i) => [
      name,
      encodePng({ width: 4, height: 4, channels: 3, data: new Uint8Array(48).map((_, k) => (40 * i + 9 * k) % 256) }),
    ]),
  );
}
