import type { Tensor } from "../graph/index.ts";
import type { Distribution } from "./density.ts";

/** Independent normals around `mean` with standard deviation `sigma` > 0. */
export const normal = (mean: Tensor, sigma: number): Distribution<Tensor> => ({
  logProb: (x) =>
    x
      .sub(mean)
      .div(sigma)
      .square()
      .mul(-0.5)
      .sub(Math.log(sigma) + 0.5 * Math.log(2 * Math.PI))
      .sum(),
  sample: (key) => key.normal(mean.shape).mul(sigma).add(mean),
});
