import { constant, type Tensor } from "../graph/index.ts";
import type { Model, Normalization } from "./model.ts";

type Spaced = Pick<Model, "shape" | "normalization">;

/** One number per channel, shaped to broadcast against inputs [..., c, h, w] or [..., d]. */
const spread = ({ shape }: Spaced, numbers: readonly number[]): Tensor =>
  constant(numbers, [numbers.length, ...shape.slice(1).map(() => 1)]);

/**
 * The mean and the standard deviation of pixels, shaped to broadcast against inputs [..., c, h, w].
 */
export const perChannel = (model: Spaced): { readonly mean: Tensor; readonly std: Tensor } => ({
  mean: spread(model, model.normalization.mean),
  std: spread(model, model.normalization.std),
});

/**
 * The box [0, 1] of pixels in model space, as bounds that broadcast against images [..., c, h, w].
 */
export function boxOf(model: Spaced): { readonly low: Tensor; readonly high: Tensor } {
  const { mean, std } = model.normalization;
  return {
    low: spread(
      model,
      mean.map((center, c) => -center / std[c]!),
    ),
    high: spread(
      model,
      mean.map((center, c) => (1 - center) / std[c]!),
    ),
  };
}

/**
 * Whether examples are images [c, h, w], whose pixels lie in [0, 1]. The entries of other inputs
 * have no bounds.
 */
export const areImages = ({ shape }: Pick<Model, "shape">): boolean => shape.length === 3;

/** Converts an input [c, ...] from pixel space to model space: (pixel − mean) / std. */
export const toModelSpace = (pixels: Float32Array, { mean, std }: Normalization): Float32Array => {
  const plane = pixels.length / mean.length;
  return pixels.map((pixel, i) => (pixel - mean[Math.floor(i / plane)]!) / std[Math.floor(i / plane)]!);
};

/** Converts an input [c, ...] from model space to pixel space: x · std + mean. */
export const toPixelSpace = (x: Float32Array, { mean, std }: Normalization): Float32Array => {
  const plane = x.length / mean.length;
  return x.map((entry, i) => entry * std[Math.floor(i / plane)]! + mean[Math.floor(i / plane)]!);
};

/**
 * Converts a distance in pixel space to model space, for each entry of an input: the distance
 * divided by the std of the entry's channel.
 */
export function stretchedRadius({ shape, normalization: { std } }: Spaced, radius: number): Float64Array {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Float64Array.from({ length: size }, (_, i) => radius / std[Math.floor((i * std.length) / size)]!);
}
