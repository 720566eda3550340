/** An image in pixel space: [C, H, W] in row-major order, 0 is black and 1 is full. */
export type Pixels = Float32Array;

/** Channels, height, width. A vector of d numbers is [d, 1, 1]. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** A shape as metrics take it: a vector of d numbers is [d, 1, 1]. */
export const imageShape = (shape: readonly number[]): ImageShape => [shape[0]!, shape[1] ?? 1, shape[2] ?? 1];

/** A value brought into [0, 1], as an image shows it. */
export function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
