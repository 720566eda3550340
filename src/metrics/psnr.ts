import { clamp, type Pixels } from "./image.ts";

/** Where PSNR stops, in decibels: equal images have no error to divide by. */
export const psnrCap = 400;

/** Mean squared error over C·H·W, in [0, 1], of images clamped to [0, 1]. */
export function mse(truth: Pixels, guess: Pixels): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += (clamp(truth[i]!) - clamp(guess[i]!)) ** 2;
  return sum / truth.length;
}

/**
 * Peak signal-to-noise ratio 10·log10(1/MSE) of images clamped to [0, 1], in decibels, at most
 * {@link psnrCap}.
 */
export function psnr(truth: Pixels, guess: Pixels): number {
  return decibels(mse(truth, guess));
}

/** {@link psnr} of the images as they are, so that values outside [0, 1] count as errors too. */
export function psnrUnclamped(truth: Pixels, guess: Pixels): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += (truth[i]! - guess[i]!) ** 2;
  return decibels(sum / truth.length);
}

function decibels(error: number): number {
  return error === 0 ? psnrCap : Math.min(psnrCap, -10 * Math.log10(error));
}
