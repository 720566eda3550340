import { type Tensor, where } from "../graph/index.ts";
import { type Independent, independent } from "./density.ts";

/**
 * Uniform on the box of all tensors with `low` ≤ entry ≤ `high`, which broadcast to one shape, with
 * low < high; −∞ outside.
 */
export function uniform(low: Tensor, high: Tensor): Independent {
  const width = high.sub(low);
  return independent(
    (x) => where(x.greaterEqual(low).and(x.lessEqual(high)), width.log().neg(), Number.NEGATIVE_INFINITY),
    0,
    (key) => key.uniform(width.shape).mul(width).add(low),
  );
}
