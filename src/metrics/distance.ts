import type { ImageShape, Pixels } from "./image.ts";

/**
 * The space in which distances are measured: pixels in [0, 1], or (pixel − mean)/std as the model
 * sees them.
 */
export type DeltaSpace = { readonly space: "pixel" } | { readonly space: "model"; readonly std: readonly number[] };

/**
 * Euclidean distance ‖truth − guess‖ of two images, not clamped, in pixel space (the default) or
 * model space.
 */
export function distance(truth: Pixels, guess: Pixels, shape: ImageShape, measured: DeltaSpace = { space: "pixel" }): number {
  const plane = shape[1] * shape[2];
  let sum = 0;
  for (let c = 0; c < shape[0]; c++) {
    let channel = 0;
    for (let i = c * plane; i < (c + 1) * plane; i++) channel += (truth[i]! - guess[i]!) ** 2;
    sum += measured.space === "model" ? channel / measured.std[c]! ** 2 : channel;
  }
  return Math.sqrt(sum);
}

/**
 * The default radius within which an image counts as recovered: 0.1·√d, which is an RMSE of 0.1 per
 * pixel, or 20 dB.
 */
export function defaultDelta([channels, height, width]: ImageShape): number {
  return 0.1 * Math.sqrt(channels * height * width);
}
