import type { Dataset, Example } from "../../data/index.ts";
import { clusterBootstrap, matchImages, psnr } from "../../metrics/index.ts";
import type { KeyBits } from "../../random/index.ts";
import type { Reconstruction } from "../../scenario/index.ts";
import { digits } from "../digits.ts";
import { type PngFiles, pngOf } from "../png-files.ts";
import type { BatchNormPriorResult } from "./batch-norm-prior-result.ts";

/** The same attack without the prior and with it. */
export const arms = ["without", "with"] as const;
export type Arm = (typeof arms)[number];
type BatchScore = BatchNormPriorResult["batches"][number];

/** Of every interval. */
const confidence = 0.95;

/** What both attacks made of one update. */
export interface AttackedBatch {
  readonly originals: readonly Example[];
  readonly made: Readonly<Record<Arm, Reconstruction>>;
  /** One-hot rows [batch, classes] that the rule `distinct` read off the update. */
  readonly labels: Float32Array;
  /** The attacker's distance between the update and a gradient of zeros. */
  readonly nothing: number;
  /** Cosine of the update with that of the images with a little noise. */
  readonly nearby: number;
  /**
   * How far the statistics are from the running ones: of the images, and of what either attack
   * made.
   */
  readonly statistics: Readonly<Record<Arm | "truth", number>>;
  /** The mean training image. */
  readonly mean: Float32Array;
  /** What the batch is called in the names of its images; absent where none are kept. */
  readonly name?: string;
}

/**
 * Scores a batch: each original with the reconstruction that the Hungarian method gives it, in
 * either attack.
 */
export function scoreBatch(
  { originals, made, labels, nothing, nearby, statistics, mean, name }: AttackedBatch,
  { shape, classes }: Pick<Dataset, "shape" | "classes">,
): { readonly score: BatchScore; readonly files: PngFiles } {
  const kept: PngFiles = {};
  const truths = originals.map(({ image }) => image);
  const matched = Object.fromEntries(
    arms.map((arm) => [arm, matchImages(truths, made[arm].images).map((match) => made[arm].images[match]!)]),
  ) as Record<Arm, Float32Array[]>;
  const images = originals.map(({ index, label, image }, i): BatchScore["images"][number] => {
    const score = (guess: Float32Array) => digits(psnr(image, guess));
    const scored = { index, label, psnr: { without: score(matched.without[i]!), with: score(matched.with[i]!), meanImage: score(mean) } };
    if (name === undefined) return scored;
    const files = { original: `original-${name}-${i}.png`, without: `without-${name}-${i}.png`, with: `with-${name}-${i}.png` };
    kept[files.original] = pngOf(image, shape);
    for (const arm of arms) kept[files[arm]] = pngOf(matched[arm][i]!, shape);
    return { ...scored, files };
  });
  const labelsFound = originals.filter(({ label }) => originals.some((_, row) => labels[row * classes.length + label] === 1)).length;
  const matching = (arm: Arm) => {
    const { lane } = made[arm];
    return lane.stopped === "nan" || lane.matching === null ? null : digits(lane.matching);
  };
  const reached = (arm: Arm) => (Number.isFinite(statistics[arm]) ? digits(statistics[arm]) : null);
  return {
    score: {
      images,
      labelsFound,
      matching: { without: matching("without"), with: matching("with"), nothing: digits(nothing) },
      nearby: digits(nearby),
      statistics: { truth: digits(statistics.truth), without: reached("without"), with: reached("with") },
    },
    files: kept,
  };
}

/**
 * Means over all images with their intervals; whole batches are drawn again, since the images of a
 * batch share an update and a start.
 */
export function summarizeBatches(
  batches: readonly BatchScore[],
  key: KeyBits,
): Pick<BatchNormPriorResult, "psnr" | "difference" | "better" | "labelAccuracy" | "confidence"> {
  type Psnr = BatchScore["images"][number]["psnr"];
  const mean = (of: (psnr: Psnr) => number) => {
    const { estimate, lower, upper } = clusterBootstrap(
      batches.map(({ images }) => images.map(({ psnr }) => of(psnr))),
      key,
      { confidence },
    );
    return { mean: digits(estimate), low: digits(lower), high: digits(upper) };
  };
  const images = batches.flatMap((batch) => batch.images);
  return {
    confidence,
    psnr: { without: mean((psnr) => psnr.without), with: mean((psnr) => psnr.with), meanImage: mean((psnr) => psnr.meanImage) },
    difference: mean((psnr) => psnr.with - psnr.without),
    better: { images: images.filter(({ psnr }) => psnr.with > psnr.without).length, of: images.length },
    labelAccuracy: batches.reduce((sum, { labelsFound }) => sum + labelsFound, 0) / images.length,
  };
}
