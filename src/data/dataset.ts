import type { Split } from "./split.ts";

/** One labeled picture, or vector. */
export interface Example {
  /** Its place in the data set, counted from 0. */
  readonly index: number;
  /** [c, h, w] in pixel space: 0 is black, 1 is full. A vector as it is. */
  readonly image: Float32Array;
  /** Its class, counted from 0. */
  readonly label: number;
}

/** Labeled pictures of one size; with another `Shape` than theirs, labeled vectors. */
export interface Dataset<Shape extends readonly number[] = readonly [number, number, number]> {
  readonly kind: string;
  readonly split: Split;
  /**
   * Set where the data is not divided into two splits, and this is all of it: a folder without
   * `train` and `test`.
   */
  readonly whole?: true;
  /** Channels, height and width of every picture. */
  readonly shape: Shape;
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  readonly size: number;
  /** Per channel, in pixel space: model space is (pixel − mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** What was done to the pictures, for reports: resizing, say. */
  readonly notes: readonly string[];
  /** @throws LeakageError `spec` for an index outside 0 … size − 1. */
  example(index: number): Example;
}

/** Whether the examples are pictures: channels, height and width. */
export const isPictures = (dataset: Dataset<readonly number[]>): dataset is Dataset => dataset.shape.length === 3;
