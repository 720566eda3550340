import { z } from "zod";
import { catalogue, part } from "../parts/index.ts";
import { keyFromSeed } from "../random/index.ts";
import type { Dataset } from "./dataset.ts";
import { gaussianSet } from "./gaussian.ts";

/** Labeled vectors: pixel space and model space are one, and entries have no bounds. */
export type VectorSet = Dataset<readonly [number]>;

/** The synthetic set of the paper (§6) as a data set: see {@link gaussianSet}. */
const gaussian = part({
  kind: "gaussian",
  doc: "Vectors x ~ N(0, I) of class argmax W x, with W drawn once from N(0, 1): their density is known.",
  params: {
    dimension: z.int().positive().max(65536).default(20).describe("Entries of a vector."),
    classes: z.int().min(2).max(65536).default(10).describe("Rows of W."),
    seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0).describe("W and all vectors follow from it."),
  },
  build: ({ dimension, classes, seed }, split: "train" | "test"): VectorSet => {
    const { example } = gaussianSet({ dimension, classes, split }, keyFromSeed(seed));
    return {
      kind: "gaussian",
      split,
      shape: [dimension],
      classes: Array.from({ length: classes }, (_, label) => String(label)),
      size: 2 ** 32,
      mean: [0],
      std: [1],
      notes: [],
      example: (index) => {
        const { x, label } = example(index);
        return { index, image: x, label };
      },
    };
  },
});

/** The sets of vectors, all of them drawn. */
export const vectorSets = catalogue<VectorSet, [split: "train" | "test"]>("data set", [gaussian]);
