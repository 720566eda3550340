import type { Tensor } from "../graph/index.ts";
import { type Independent, independent } from "./density.ts";

/** Independent Laplace variables around `mean` with scale `b` > 0 (standard deviation √2·b). */
export const laplace = (mean: Tensor, b: number): Independent =>
  independent(
    (x) => x.sub(mean).abs().div(-b),
    Math.log(2 * b),
    (key) => key.laplace(mean.shape).mul(b).add(mean),
  );
