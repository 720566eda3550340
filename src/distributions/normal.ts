import type { Tensor } from "../graph/index.ts";
import { type Independent, independent } from "./density.ts";

/** Independent normal variables around `mean` with standard deviation `sigma` > 0. */
export const normal = (mean: Tensor, sigma: number): Independent =>
  independent(
    (x) => x.sub(mean).div(sigma).square().mul(-0.5),
    Math.log(sigma) + 0.5 * Math.log(2 * Math.PI),
    (key) => key.normal(mean.shape).mul(sigma).add(mean),
  );
