import type { DeltaSpace, ImageShape } from "../metrics/index.ts";
import type { Model } from "../models/index.ts";
import { foldIn, type KeyBits, keyFromSeed, randomBits } from "../random/index.ts";
import type { AuditSpec } from "./audit-spec.ts";

/** Independent streams of a draw, those of draws that are tuned on apart from those of draws that are scored. They differ from the parts of a seed that weights are drawn with. */
const streams = { noise: 1, start: 2, image: 3, resample: 4, tuningNoise: 5, tuningStart: 6 } as const;

/** The key of a stream of draw i: the seed's key folded with i, then with the stream. */
export const drawKey = (seed: number, draw: number, stream: keyof typeof streams): KeyBits =>
  foldIn(foldIn(keyFromSeed(seed), draw), streams[stream]);

/** The places in a data set of `size` examples that draw i has in its batch of `count`: uniform, with replacement. */
export const drawPlaces = (seed: number, draw: number, count: number, size: number): readonly number[] =>
  Array.from(randomBits(drawKey(seed, draw, "image"), count), (word) => Math.floor((word * size) / 2 ** 32));

/** A shape as metrics take it: a vector of d numbers is [d, 1, 1]. */
export const imageShape = (shape: readonly number[]): ImageShape => [shape[0]!, shape[1] ?? 1, shape[2] ?? 1];

/** Where distances of a spec are measured: between pixels, or as the network sees them. Both are one for vectors. */
export const measuredIn = (
  { score: { deltaSpace } }: Pick<AuditSpec, "score">,
  { shape, normalization: { std } }: Pick<Model, "shape" | "normalization">,
): DeltaSpace => (deltaSpace === "model" && shape.length === 3 ? { space: "model", std } : { space: "pixel" });
