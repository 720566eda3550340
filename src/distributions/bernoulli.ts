import { type Shape, where } from "../graph/index.ts";
import { type Independent, independent } from "./density.ts";

/**
 * Masks of a shape: each entry is 1 with probability p in (0, 1], otherwise 0. The density is a
 * probability; numbers other than 0 and 1 have log density −∞.
 */
export function bernoulli(p: number, shape: Shape): Independent {
  const dropped = p === 1 ? Number.NEGATIVE_INFINITY : Math.log1p(-p);
  return independent(
    (mask) => where(mask.equal(1), Math.log(p), where(mask.equal(0), dropped, Number.NEGATIVE_INFINITY)),
    0,
    (key) => key.bernoulli(p, shape),
  );
}
