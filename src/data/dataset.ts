import type { Split } from "./split.ts";

/** One labeled image or vector. */
export interface Example {
  /** The position in the data set, counted from 0. */
  readonly index: number;
  /**
   * An image is [c, h, w] in pixel space: 0 is black, 1 is full intensity. A vector is stored as it
   * is.
   */
  readonly image: Float32Array;
  /** The class, counted from 0. */
  readonly label: number;
}

/** One split of a data set: labeled images of one size, or labeled vectors for another `Shape`. */
export interface Dataset<Shape extends readonly number[] = readonly [number, number, number]> {
  /** The kind of the data set in the catalogue. */
  readonly kind: string;
  readonly split: Split;
  /**
   * Set if the data has no two splits, so that this is all of it: a folder without `train` and
   * `test` subfolders.
   */
  readonly whole?: true;
  /** Channels, height and width of every image. */
  readonly shape: Shape;
  /** Class names, indexed by label. */
  readonly classes: readonly string[];
  /** Number of examples. */
  readonly size: number;
  /**
   * Mean and standard deviation per channel, in pixel space: model space is (pixel − mean) / std.
   */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** W [classes, d], row by row, if labels are known to be argmax W x, ties to the first class. */
  readonly labeling?: Float32Array;
  /**
   * The largest probability that any ball of radius δ has, of inputs drawn from the law of this
   * data, where that law is known.
   */
  largestMass?(delta: number): number;
  /** Notes for reports on how the images were prepared, such as resizing. */
  readonly notes: readonly string[];
  /** @throws LeakageError `spec` for an index outside 0 … size − 1. */
  example(index: number): Example;
  /** The label of an example, where it is known without drawing the example. */
  label?(index: number): number;
}
