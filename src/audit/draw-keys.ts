import { foldIn, type KeyBits, randomBits, type Stream, stream } from "../random/index.ts";

/** The key of a stream of draw i. A draw depends only on the root's key and its number. */
export const drawKey = (root: KeyBits, name: Extract<Stream, "images" | "noise" | "attack">, draw: number): KeyBits =>
  foldIn(stream(root, name), draw);

/**
 * The positions in a data set of `size` examples that form the batch of draw i, of `count`
 * examples: uniform, with replacement.
 */
export const drawPlaces = (root: KeyBits, draw: number, count: number, size: number): readonly number[] =>
  Array.from(randomBits(drawKey(root, "images", draw), count), (word) => Math.floor((word * size) / 2 ** 32));

/** The draws from `from` to just before `to`. */
export interface DrawRange {
  readonly from: number;
  readonly to: number;
}

/** The ranges of draws that are finished together. */
export const chunksOf = ({ samples, chunk }: { readonly samples: number; readonly chunk: number }): readonly DrawRange[] =>
  Array.from({ length: Math.ceil(samples / chunk) }, (_, i) => ({ from: i * chunk, to: Math.min(samples, (i + 1) * chunk) }));
