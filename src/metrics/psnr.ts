import { clamp, type Pixels } from "./image.ts";

/** The largest PSNR in decibels. Equal images have no error to divide by. */
export const psnrCap = 400;

/** Mean squared error over all C·H·W entries, in [0, 1], of images clamped to [0, 1]. */
export function mse(truth: Pixels, guess: Pixels): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += (clamp(truth[i]!) - clamp(guess[i]!)) ** 2;
  return sum / truth.length;
}

/**
 * Peak signal-to-noise ratio 10·log10(1/MSE) in decibels, of images clamped to [0, 1]. Larger is
 * nearer; {@link psnrCap} is the maximum.
 *
 * @example
 * ```ts
 * import { psnr } from "gradleak";
 *
 * psnr(Float32Array.of(0, 1), Float32Array.of(0.1, 0.9)); // about 20 dB
 * ```
 */
export function psnr(truth: Pixels, guess: Pixels): number {
  return decibels(mse(truth, guess));
}

/** {@link psnr} of unclamped images: values outside [0, 1] also count as errors. */
export function psnrUnclamped(truth: Pixels, guess: Pixels): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += (truth[i]! - guess[i]!) ** 2;
  return decibels(sum / truth.length);
}

/** The PSNR of an image of so many entries at a Euclidean distance between pixels, {@link psnrCap} at most. */
export const psnrAt = (distance: number, entries: number): number => decibels(distance ** 2 / entries);

function decibels(error: number): number {
  return error === 0 ? psnrCap : Math.min(psnrCap, -10 * Math.log10(error));
}
