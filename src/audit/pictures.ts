import type { Dataset } from "../data/index.ts";
import type { Examples, Normalization } from "../models/index.ts";
import { mostPublic } from "./guesses.ts";

/** A picture [c, h, w] from pixel space into model space: (pixel − mean) / std. */
export const toModelSpace = (pixels: Float32Array, { mean, std }: Normalization): Float32Array => {
  const plane = pixels.length / mean.length;
  return pixels.map((pixel, i) => (pixel - mean[Math.floor(i / plane)]!) / std[Math.floor(i / plane)]!);
};

/** A picture [c, h, w] from model space into pixel space: x · std + mean. */
export const toPixelSpace = (x: Float32Array, { mean, std }: Normalization): Float32Array => {
  const plane = x.length / mean.length;
  return x.map((entry, i) => entry * std[Math.floor(i / plane)]! + mean[Math.floor(i / plane)]!);
};

/** The part of an array that belongs to one of `count` equal pieces. */
export const piece = (all: Float32Array, index: number, count: number): Float32Array =>
  all.slice((index * all.length) / count, ((index + 1) * all.length) / count);

/** Arrays one behind the other. */
export function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The pictures or vectors of a data set, for what is estimated from data: at most 50,000, because some sets have no end. */
export const examplesOf = (dataset: Dataset<readonly number[]>): Examples => ({
  count: Math.min(dataset.size, 50_000),
  image: (i) => dataset.example(i).image,
});

/** The pixel-wise mean of the first pictures of a data set: the best guess, by squared error, of one who saw no update. */
export function meanImage(dataset: Dataset, count = mostPublic): Float32Array {
  const used = Math.min(count, dataset.size);
  const sum = new Float64Array(dataset.shape.reduce((a, b) => a * b));
  for (let i = 0; i < used; i++)
    dataset.example(i).image.forEach((pixel, k) => {
      sum[k]! += pixel;
    });
  return Float32Array.from(sum, (total) => total / used);
}
