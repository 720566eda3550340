import { concat, type Tensor, where } from "../graph/index.ts";
import type { Key } from "../random/index.ts";

/** The ball over which an adversary averages, and how: the integral of equation 2 by k points. */
export interface Ball {
  /** k, the points in it; an even number where they are antithetic. */
  readonly samples: number;
  /**
   * Rows of the current x, one an image: the ball is around each of them, in its own dimensions.
   */
  readonly rows: number;
  /**
   * δ times the half axis of each entry of one row, in the space of x: all equal for a ball there,
   * δ / std a channel for one of pixels.
   */
  readonly halfAxes: Tensor;
  /** Independent points, or pairs ±u. */
  readonly points: "independent" | "antithetic";
  /** Entries of x beside the rows, which stay as they are: labels that are looked for jointly. */
  readonly rest: number;
  /** Puts a point back into the support of the prior, where that is bounded. */
  readonly project?: (x: Tensor) => Tensor;
  /** The average over points, from logarithms [k]. */
  mean(logs: Tensor): Tensor;
}

/** k points [k, d] uniform in the ball around x [d], which the derivative in x passes through. */
export function pointsIn({ samples, rows, halfAxes, points, rest, project }: Ball, x: Tensor, key: Key): Tensor {
  const drawn = points === "antithetic" ? samples / 2 : samples;
  const u = key.unitBall([drawn, rows, halfAxes.size]).mul(halfAxes).reshape([drawn, -1]);
  const offsets = (points === "antithetic" ? concat([u, u.neg()]) : u).pad([0, 0], [0, rest]);
  const around = x.add(offsets);
  return project ? project(around) : around;
}

/**
 * Jensen's bound, which the paper maximizes: the mean of the logarithms, with the 1/V that its
 * workshop text leaves out.
 */
export const jensen = (logs: Tensor): Tensor => logs.mean();

/**
 * Equation 2 itself, up to the ball's volume: the logarithm of the mean probability, consistent as
 * k grows.
 */
export function logMeanExp(logs: Tensor): Tensor {
  const highest = logs.max().stopGradient();
  // Where no point has any mass the result is −∞, not the NaN of −∞ + ∞.
  const reference = where(highest.isFinite(), highest, 0);
  return logs.sub(reference).exp().mean().log().add(reference);
}
