import { concat, type Tensor, where } from "../graph/index.ts";
import type { Key } from "../random/index.ts";

/**
 * The ball that an adversary averages over, and the way it averages: the integral of equation 2 by
 * k points.
 */
export interface Ball {
  /** k, the number of points; even if they are antithetic. */
  readonly samples: number;
  /**
   * The rows of the current x, one per image. A ball lies around each row, in the dimensions of
   * that row.
   */
  readonly rows: number;
  /**
   * δ times the half axis of each entry of one row, in the space of x. The half axes are equal for
   * a ball in that space, and δ / std of the channel for a ball of pixels.
   */
  readonly halfAxes: Tensor;
  /** Independent points, or pairs ±u. */
  readonly points: "independent" | "antithetic";
  /**
   * The number of entries of x after the rows, which stay fixed: labels that are searched jointly.
   */
  readonly rest: number;
  /** Projects a point onto the support of the prior, if that is bounded. */
  readonly project?: (x: Tensor) => Tensor;
  /** The average over points, from logarithms [k]. */
  mean(logs: Tensor): Tensor;
}

/**
 * k points [k, d], uniform in the ball around x [d]. The derivative in x passes through them.
 *
 * @param shrink the factor of the radius, if it shrinks.
 */
export function pointsIn({ samples, rows, halfAxes, points, rest, project }: Ball, x: Tensor, key: Key, shrink?: Tensor): Tensor {
  const drawn = points === "antithetic" ? samples / 2 : samples;
  const axes = shrink ? halfAxes.mul(shrink) : halfAxes;
  const u = key.unitBall([drawn, rows, halfAxes.size]).mul(axes).reshape([drawn, -1]);
  const offsets = (points === "antithetic" ? concat([u, u.neg()]) : u).pad([0, 0], [0, rest]);
  const around = x.add(offsets);
  return project ? project(around) : around;
}

/**
 * Jensen's bound, which the paper maximizes: the mean of the logarithms, with the 1/V that the
 * paper's workshop text leaves out.
 */
export const jensen = (logs: Tensor): Tensor => logs.mean();

/**
 * The logarithm of the mean probability. It tends to equation 2, up to the ball's volume, only as k
 * tends to infinity: where the density is narrow beside the ball, a few points say little. For a
 * normal density of standard deviation 0.05 in 20 dimensions and a ball of radius 0.5 around its
 * mean, the integral is −24.0; on average 8 points give −40.1, 64 points −35.3, 4096 points −29.3,
 * and Jensen's bound −45.5.
 */
export function logMeanExp(logs: Tensor): Tensor {
  const highest = logs.max().stopGradient();
  // If no point has any mass the result is −∞, not the NaN of −∞ + ∞.
  const reference = where(highest.isFinite(), highest, 0);
  return logs.sub(reference).exp().mean().log().add(reference);
}
