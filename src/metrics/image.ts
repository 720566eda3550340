/** An image in pixel space: [C, H, W] in row-major order, 0 is black and 1 is full. */
export type Pixels = Float32Array;

/** Channels, height, width. A vector of d numbers is [d, 1, 1]. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** A value brought into [0, 1], as a picture shows it. */
export function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
