import type { Dataset } from "../data/index.ts";
import { type DeltaSpace, imageShape } from "../metrics/index.ts";

/** Inputs as rows between which plain Euclidean distances are those of a score. */
export interface Rows {
  /** The number of entries of a row. */
  readonly size: number;
  /** An input in pixel space as a row. */
  stretched(image: Float32Array): Float32Array;
  /** The first examples, row by row. */
  first(count: number): Float32Array;
}

/** The examples of a data set as rows, measured in some space. */
export function rowsOf(examples: Dataset<readonly number[]>, measured: DeltaSpace): Rows {
  const shape = imageShape(examples.shape);
  const plane = shape[1] * shape[2];
  const size = shape[0] * plane;
  const stretched = (image: Float32Array) =>
    measured.space === "model" ? image.map((pixel, i) => pixel / measured.std[Math.floor(i / plane)]!) : image;
  return {
    size,
    stretched,
    first: (count) => {
      const rows = new Float32Array(count * size);
      for (let k = 0; k < count; k++) rows.set(stretched(examples.example(k).image), k * size);
      return rows;
    },
  };
}
