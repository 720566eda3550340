/** An image in pixel space: [C, H, W], row-major, where 0 is black and 1 is full intensity. */
export type Pixels = Float32Array;

/** Channels, height, width. A vector of d numbers is [d, 1, 1]. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** Converts a shape to the form that metrics take: a vector of d numbers is [d, 1, 1]. */
export const imageShape = (shape: readonly number[]): ImageShape => [shape[0]!, shape[1] ?? 1, shape[2] ?? 1];

/** Clamps a value to [0, 1], as a display does. */
export function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
