import { type DeltaSpace, distance } from "./distance.ts";
import type { ImageShape, Pixels } from "./image.ts";
import { mse, psnr, psnrUnclamped } from "./psnr.ts";
import { ssim } from "./ssim.ts";

/** The closeness of a guess to the truth, by every metric. */
export interface Score {
  /** In decibels, of images clamped to [0, 1]. */
  readonly psnr: number;
  /** In decibels, of unclamped images. */
  readonly psnrUnclamped: number;
  /** In [-1, 1]; null for images with a side shorter than 11 pixels. */
  readonly ssim: number | null;
  /** Mean squared error of images clamped to [0, 1]. */
  readonly mse: number;
  /** Euclidean, of a guess clamped to [0, 1], in the space in which δ is measured. */
  readonly distance: number;
}

/** Scores one reconstruction, or one baseline, against its original. */
export function score(truth: Pixels, guess: Pixels, shape: ImageShape, measured?: DeltaSpace): Score {
  return {
    psnr: psnr(truth, guess),
    psnrUnclamped: psnrUnclamped(truth, guess),
    ssim: ssim(truth, guess, shape),
    mse: mse(truth, guess),
    distance: distance(truth, guess, shape, measured),
  };
}
