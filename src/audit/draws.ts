import { foldIn, type KeyBits, randomBits, type Stream, stream } from "../random/index.ts";

/**
 * The key of a stream of draw i. What a draw is follows from the root's key and its number alone.
 */
export const drawKey = (root: KeyBits, name: Extract<Stream, "images" | "noise" | "attack">, draw: number): KeyBits =>
  foldIn(stream(root, name), draw);

/**
 * The places in a data set of `size` examples that draw i has in its batch of `count`: uniform,
 * with replacement.
 */
export const drawPlaces = (root: KeyBits, draw: number, count: number, size: number): readonly number[] =>
  Array.from(randomBits(drawKey(root, "images", draw), count), (word) => Math.floor((word * size) / 2 ** 32));

/** Draws from the first to before the last. */
export interface DrawRange {
  readonly from: number;
  readonly to: number;
}

/** Draws in the parts that are finished together. */
export const chunksOf = ({ samples, chunk }: { readonly samples: number; readonly chunk: number }): readonly DrawRange[] =>
  Array.from({ length: Math.ceil(samples / chunk) }, (_, i) => ({ from: i * chunk, to: Math.min(samples, (i + 1) * chunk) }));
