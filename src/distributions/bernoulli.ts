import { type Shape, type Tensor, where } from "../graph/index.ts";
import type { Independent } from "./density.ts";

/** Masks of a shape: each entry is 1 with probability p in (0, 1], else 0. The density is a probability, −∞ for other numbers than 0 and 1. */
export function bernoulli(p: number, shape: Shape): Independent {
  const logProbs = (mask: Tensor) =>
    where(mask.equal(1), Math.log(p), where(mask.equal(0), p === 1 ? Number.NEGATIVE_INFINITY : Math.log1p(-p), Number.NEGATIVE_INFINITY));
  return { logProbs, logProb: (mask) => logProbs(mask).sum(), sample: (key) => key.bernoulli(p, shape) };
}
