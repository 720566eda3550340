import { type Tensor, where } from "../graph/index.ts";
import type { Distribution } from "./density.ts";
import { logFactorial } from "./log-factorial.ts";

/** Logarithm of the volume of a ball in d dimensions: π^(d/2) r^d / Γ(d/2 + 1). */
const logVolume = (dimension: number, radius: number): number =>
  (dimension / 2) * Math.log(Math.PI) + dimension * Math.log(radius) - logFactorial(dimension / 2);

/**
 * The uniform distribution in the ball of `radius` > 0 around `center`, over all entries together.
 * The density is 0 outside (log −∞). Radii are distributed as radius · U^(1/d).
 */
export const ball = (center: Tensor, radius: number): Distribution<Tensor> => ({
  logProb: (x) =>
    where(
      x
        .sub(center)
        .square()
        .sum()
        .lessEqual(radius ** 2),
      -logVolume(center.size, radius),
      Number.NEGATIVE_INFINITY,
    ),
  sample: (key) => key.unitBall([center.size]).reshape(center.shape).mul(radius).add(center),
});
