import { type Tensor, where } from "../graph/index.ts";
import { type Independent, independent } from "./density.ts";

/**
 * The uniform distribution on the box low ≤ x ≤ high, entry by entry, with low < high. The bounds
 * broadcast to one shape. The density is 0 outside (log −∞).
 */
export function uniform(low: Tensor, high: Tensor): Independent {
  const width = high.sub(low);
  return independent(
    (x) => where(x.greaterEqual(low).and(x.lessEqual(high)), width.log().neg(), Number.NEGATIVE_INFINITY),
    0,
    (key) => key.uniform(width.shape).mul(width).add(low),
  );
}
