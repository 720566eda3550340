import { clamp, type ImageShape, type Pixels } from "./image.ts";

/**
 * The space in which distances are measured: pixels in [0, 1], or (pixel − mean)/std as the model
 * sees them. By default guesses are clamped to [0, 1], as an attacker would do it; vectors have no
 * such bounds.
 */
export type DeltaSpace = ({ readonly space: "pixel" } | { readonly space: "model"; readonly std: readonly number[] }) & {
  readonly clamps?: boolean;
};

/**
 * Euclidean distance ‖truth − guess‖, by default of two images in pixel space, of which the guess is
 * clamped to [0, 1].
 */
export function distance(truth: Pixels, guess: Pixels, shape: ImageShape, measured: DeltaSpace = { space: "pixel" }): number {
  const plane = shape[1] * shape[2];
  const shown = (value: number): number => (measured.clamps !== false && Number.isFinite(value) ? clamp(value) : value);
  let sum = 0;
  for (let c = 0; c < shape[0]; c++) {
    let channel = 0;
    for (let i = c * plane; i < (c + 1) * plane; i++) channel += (truth[i]! - shown(guess[i]!)) ** 2;
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
