import { type Independent, laplaceSum, normal } from "../../distributions/index.ts";
import type { Tensor } from "../../graph/index.ts";

/**
 * Where noise is added: to the update, or to the gradient of each of its B examples before they are
 * averaged.
 */
export type Per = "update" | "example";

interface NormalNoise {
  readonly family: "normal";
  readonly name: string;
  readonly per: Per;
  /** The variance of an entry of the update of a batch. */
  variance(batchSize: number): number;
}

interface LaplaceNoise {
  readonly family: "laplace";
  readonly name: string;
  readonly per: Per;
  /** The scale b of one draw. */
  readonly scale: number;
  /** The number of draws that are added up in an update or, per example, in each example. */
  readonly count: number;
}

interface OtherNoise {
  readonly family: "other";
  readonly name: string;
  readonly per: Per;
  /** The law of an entry of the update around its center. */
  around(center: Tensor, batchSize: number): Independent;
}

/** Noise that is independent and identically distributed in all entries of an update. */
export type Noise = NormalNoise | LaplaceNoise | OtherNoise;

/** The law of noisy entries around their centers, for a batch of this size. */
export function around(noise: Noise, center: Tensor, batchSize: number): Independent {
  if (noise.family === "other") return noise.around(center, batchSize);
  if (noise.family === "normal") return normal(center, Math.sqrt(noise.variance(batchSize)));
  const examples = noise.per === "example" ? batchSize : 1;
  return laplaceSum(center, noise.scale / examples, noise.count * examples);
}

/** The variance of an entry of the update of a batch of this size, if it is known here. */
export function varianceOf(noise: Noise, batchSize: number): number | undefined {
  if (noise.family === "other") return undefined;
  if (noise.family === "normal") return noise.variance(batchSize);
  const examples = noise.per === "example" ? batchSize : 1;
  return 2 * (noise.scale / examples) ** 2 * noise.count * examples;
}

/**
 * The law of the sum of two noises, if it is known here: normals, and Laplace draws of one scale.
 */
export function sumOf(a: Noise, b: Noise): Noise | undefined {
  if (a.family === "normal" && b.family === "normal")
    return { ...b, name: `${a.name} + ${b.name}`, variance: (batchSize) => a.variance(batchSize) + b.variance(batchSize) };
  if (a.family === "laplace" && b.family === "laplace" && a.scale === b.scale && a.per === b.per)
    return { ...b, name: `${a.name} + ${b.name}`, count: a.count + b.count };
  return undefined;
}

/** The words that follow the name of noise in reports and errors. */
export const perWords = (per: Per): string => (per === "example" ? " an example" : "");
