import type { Client } from "../client/index.ts";
import type { Dataset, Example } from "../data/index.ts";
import { type Examples, type Model, toModelSpace, toPixelSpace } from "../models/index.ts";

/** Private batches of one client, one per lane. */
export interface PrivateBatches {
  readonly lanes: number;
  readonly batchSize: number;
  /** The inputs, [lanes, batchSize, ...shape], in model space. */
  readonly x: Float32Array;
  /** The label probabilities, [lanes, batchSize, classes]. */
  readonly y: Float32Array;
}

/** The private batches of a client, one per lane. */
export function privateBatches(batches: readonly (readonly Example[])[], { model }: Client): PrivateBatches {
  const examples = batches.flat();
  return {
    lanes: batches.length,
    batchSize: batches[0]!.length,
    x: concatenate(examples.map(({ image }) => toModelSpace(image, model.normalization))),
    y: oneHot(
      examples.map(({ label }) => label),
      model.classes,
    ),
  };
}

/** Labels as one-hot rows, [count, classes]. */
export function oneHot(labels: readonly number[], classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    rows[i * classes + label] = 1;
  });
  return rows;
}

/** One of `count` equal pieces of an array. */
export const piece = (all: Float32Array, index: number, count: number): Float32Array =>
  all.slice((index * all.length) / count, ((index + 1) * all.length) / count);

/** The images of one lane in pixel space. */
export const pixelsOfLane = (
  { x, lanes, batchSize }: Pick<PrivateBatches, "x" | "lanes" | "batchSize">,
  lane: number,
  { normalization }: Pick<Model, "normalization">,
): readonly Float32Array[] =>
  Array.from({ length: batchSize }, (_, b) => toPixelSpace(piece(x, lane * batchSize + b, lanes * batchSize), normalization));

/** Arrays joined end to end. */
export function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * A list that is as long as a program is wide. The last entry is repeated, and the results of
 * repetitions are dropped.
 */
export const padded = <Entry>(entries: readonly Entry[], lanes: number): readonly Entry[] =>
  entries.length >= lanes ? entries : [...entries, ...new Array<Entry>(lanes - entries.length).fill(entries.at(-1)!)];

/**
 * The inputs of a data set, for what is estimated from data. It has at most 50,000, because some
 * sets have no end.
 */
export const examplesOf = (dataset: Dataset<readonly number[]>): Examples => ({
  count: Math.min(dataset.size, 50_000),
  image: (i) => dataset.example(i).image,
  label: (i) => dataset.example(i).label,
  ...(dataset.labeling ? { labeling: dataset.labeling } : {}),
});
