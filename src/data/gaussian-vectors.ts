import { z } from "zod";
import { gaussianBallMass } from "../accounting/index.ts";
import { LeakageError } from "../errors.ts";
import { part } from "../parts/index.ts";
import { fillNormal, foldIn, type KeyBits, keyFromSeed, stream } from "../random/index.ts";
import type { DataSource } from "./data-source.ts";
import type { Dataset } from "./dataset.ts";
import type { Split } from "./split.ts";

/** With more classes the prior `gaussian-cone` costs too much, and labels say little about vectors. */
const mostConed = 64;

/** The catalogue entry of the synthetic vectors. */
export const gaussian = part({
  kind: "gaussian",
  doc: "Vectors x ~ N(0, I) with the label argmax W x, where W is drawn once from N(0, 1). Their density is known.",
  params: {
    dimension: z.int().min(1).max(65536).default(20).describe("Number of entries of each vector."),
    classes: z.int().min(2).max(65536).default(10).describe("Number of classes, which is the number of rows of W."),
    seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0).describe("Seed that determines W and all vectors."),
  },
  build: ({ dimension, classes, seed }): DataSource<readonly [number]> => ({
    reads: "nothing",
    follows: classes <= mostConed ? "gaussian-cone" : "gaussian",
    open: async (split) => gaussianSet({ dimension, classes, split }, keyFromSeed(seed)),
  }),
});

/**
 * Labeled vectors whose density is known. Pixel space and model space coincide, and entries are
 * unbounded.
 */
export interface GaussianSet extends Dataset<readonly [number]> {
  /** W, with shape [classes, dimension]. */
  readonly labeling: Float32Array;
}

/** Options of the synthetic set. */
interface GaussianSetOptions {
  /** Number of entries of each vector, at least 1. */
  readonly dimension: number;
  /** Number of classes, at least 2. */
  readonly classes: number;
  /** The split. Both splits share W. */
  readonly split: Split;
}

/** The set has no end, but indices of a key do: beyond them are streams. */
const size = 2 ** 31;

/**
 * The synthetic set of the paper (§6): x ~ N(0, I), y = argmax W x, where the entries of W are
 * drawn once from N(0, 1). Each vector is drawn on demand. Vector i depends only on the key, the
 * split and i. Ties go to the first class.
 *
 * @throws LeakageError `spec` for a dimension below 1 or fewer than 2 classes.
 */
export function gaussianSet({ dimension, classes, split }: GaussianSetOptions, key: KeyBits): GaussianSet {
  if (!(Number.isSafeInteger(dimension) && dimension >= 1 && Number.isSafeInteger(classes) && classes >= 2))
    throw new LeakageError(
      "spec",
      `The Gaussian set needs a dimension of at least 1 and at least 2 classes; got ${dimension} and ${classes}.`,
    );
  const labeling = new Float32Array(classes * dimension);
  fillNormal(stream(key, "labeling"), labeling);
  const vectors = stream(key, split);
  return {
    kind: "gaussian",
    split,
    shape: [dimension],
    classes: Array.from({ length: classes }, (_, label) => String(label)),
    size,
    mean: [0],
    std: [1],
    notes: [],
    labeling,
    largestMass: (delta) => gaussianBallMass(dimension, delta),
    example(index) {
      if (!(Number.isInteger(index) && index >= 0 && index < size))
        throw new LeakageError("spec", `The Gaussian set has vectors 0 to ${size - 1}, so there is no vector ${index}.`);
      const image = new Float32Array(dimension);
      fillNormal(foldIn(vectors, index), image);
      return { index, image, label: argmax(labeling, image) };
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
