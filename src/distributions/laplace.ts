import type { Tensor } from "../graph/index.ts";
import type { Distribution } from "./density.ts";

/** Independent Laplace variables around `mean` with scale `b` > 0 (standard deviation √2·b). */
export const laplace = (mean: Tensor, b: number): Distribution<Tensor> => ({
  logProb: (x) =>
    x
      .sub(mean)
      .abs()
      .div(-b)
      .sub(Math.log(2 * b))
      .sum(),
  sample: (key) => key.laplace(mean.shape).mul(b).add(mean),
});
