import { LeakageError } from "../errors.ts";
import { fillNormal, foldIn, type KeyBits } from "../random/index.ts";

/** A vector of the synthetic set and its class. */
export interface LabeledVector {
  readonly index: number;
  /** [dimension]. */
  readonly x: Float32Array;
  /** argmax W x, counted from 0. */
  readonly label: number;
}

/** Vectors whose density is known, for experiments that need the true p(x). */
export interface GaussianSet {
  readonly dimension: number;
  readonly classes: number;
  /** W, [classes, dimension]. */
  readonly labeling: Float32Array;
  /** @throws LeakageError `spec` for an index that is not a whole number from 0 on. */
  example(index: number): LabeledVector;
}

export interface GaussianSetOptions {
  readonly dimension: number;
  readonly classes: number;
  /** Both splits share W. */
  readonly split: "train" | "test";
}

/** Streams of the key of a set. */
const streams = { labeling: 0, train: 1, test: 2 } as const;

/**
 * The synthetic set of the paper (§6): x ~ N(0, I), y = argmax W x, with the entries of W drawn from N(0, 1) once. It is drawn when it is asked for, has no end, and
 * vector i follows from the key, the split and i alone. Ties go to the first class.
 *
 * @throws LeakageError `spec` for a dimension below 1 or fewer than 2 classes.
 */
export function gaussianSet({ dimension, classes, split }: GaussianSetOptions, key: KeyBits): GaussianSet {
  if (!(Number.isSafeInteger(dimension) && dimension >= 1 && Number.isSafeInteger(classes) && classes >= 2))
    throw new LeakageError(
      "spec",
      `The Gaussian set takes a dimension of at least 1 and at least 2 classes; got ${dimension} and ${classes}.`,
    );
  const labeling = new Float32Array(classes * dimension);
  fillNormal(foldIn(key, streams.labeling), labeling);
  const vectors = foldIn(key, streams[split]);
  return {
    dimension,
    classes,
    labeling,
    example(index) {
      if (!(Number.isInteger(index) && index >= 0 && index < 2 ** 32))
        throw new LeakageError("spec", `The Gaussian set has vectors 0, 1, 2 and so on, and no vector ${index}.`);
      const x = new Float32Array(dimension);
      fillNormal(foldIn(vectors, index), x);
      return { index, x, label: argmax(labeling, x) };
    },
  };
}

function argmax(rows: Float32Array, x: Float32Array): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let row = 0; row * x.length < rows.length; row++) {
    const score = x.reduce((sum, entry, i) => sum + entry * rows[row * x.length + i]!, 0);
    if (score > most) {
      most = score;
      best = row;
    }
  }
  return best;
}
