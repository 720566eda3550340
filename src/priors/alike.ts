import type { Distribution } from "../distributions/index.ts";
import { constant, type Tensor } from "../graph/index.ts";
import { perChannel } from "../models/index.ts";
import { following, type Prior } from "./prior.ts";
import type { Space } from "./space.ts";
import { stretched } from "./stretched.ts";

/**
 * The prior whose entries are independent and all have the same mean and scale in the given space.
 */
export const alike = (unit: (mean: Tensor, scale: number) => Distribution<Tensor>, mean: number, scale: number, space: Space): Prior =>
  following((model, shape) => {
    const own = perChannel(model);
    const around = space === "model" ? { mean: constant(mean), scale: constant(scale) } : inModelSpace(own, mean, scale);
    return stretched(unit, around, shape);
  });

/** The law of pixels around `mean` with `scale`, as the network sees them. */
const inModelSpace = (own: { readonly mean: Tensor; readonly std: Tensor }, mean: number, scale: number) => ({
  mean: own.mean.neg().add(mean).div(own.std),
  scale: constant(scale).div(own.std),
});
