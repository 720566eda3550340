import { grad, type Tensor, vmap, where } from "../graph/index.ts";
import type { Evaluation, Optimizer, State, Transition } from "../optimizers/index.ts";
import type { Key } from "../random/index.ts";
import { type Ball, pointsIn } from "./ball.ts";

/** The logarithms of an attacker's densities at one point, each up to a constant: scalars. */
export type Joint = {
  /** log p(g | x). */
  readonly likelihood: Tensor;
  /** log p(x). */
  readonly prior: Tensor;
  /** ‖g − G(x)‖² / ‖g‖², if the likelihood is computed in a form that cancels near a match. */
  readonly relative?: Tensor;
};

/**
 * The inputs of one iteration: the point, its randomness and its learning rate. `factor` anneals
 * the likelihood, and `shrink` multiplies the radius of the ball.
 */
export interface Iteration extends Pick<Evaluation, "rate" | "renewed"> {
  /** The current x, [d]. */
  readonly x: Tensor;
  readonly key: Key;
  readonly factor?: Tensor;
  readonly shrink?: Tensor;
}

/** The result of an iteration: the next x and what was computed at the current one. */
export interface Iterated extends Transition {
  /** The attacker's objective at x: −log of what Algorithm 1 maximizes. */
  readonly value: Tensor;
  /** −log p(g | x), averaged over the points. */
  readonly matching: Tensor;
  readonly relative?: Tensor;
  /**
   * Whether no point of the ball had any mass. Then nothing is known about the slope, and the
   * optimizer receives a slope of 0.
   */
  readonly massless?: Tensor;
}

/** The attacker's objective at one point. */
interface Averaged {
  /** −log of what Algorithm 1 maximizes. */
  readonly value: Tensor;
  /** −log p(g | x), averaged over the points. */
  readonly matching: Tensor;
  readonly relative?: Tensor;
}

/**
 * The objective of Algorithm 1 at x. It draws k points uniformly in B(x, δ), as x + δ u so that the
 * derivative passes through. With Jensen's bound it is the mean of log p(g | xᵢ) + log p(xᵢ). With
 * `bound=log-mean-exp` it is the logarithm of the mean probability, which tends to equation 2 as k
 * grows. Without a ball (k = 1, δ = 0) the one point is x itself.
 *
 * @param changed `factor` anneals the likelihood, and `shrink` multiplies the radius.
 */
export const averaged =
  (joint: (x: Tensor) => Joint, ball?: Ball) =>
  (x: Tensor, key: Key, { factor, shrink }: Pick<Iteration, "factor" | "shrink"> = {}): Averaged => {
    const { likelihood, prior, relative } = ball ? vmap(joint)(pointsIn(ball, x, key, shrink)) : joint(x);
    const logs = (factor ? likelihood.mul(factor) : likelihood).add(prior);
    return {
      value: (ball ? ball.mean(logs) : logs).neg(),
      matching: likelihood.mean().neg(),
      ...(relative ? { relative: relative.neg().max().neg() } : {}),
    };
  };

/**
 * An iteration of Algorithm 1 for one lane (Balunović et al. 2022, §4): the objective at x, its
 * slope, and a step of the optimizer in place of plain gradient ascent.
 */
export const algorithm1 =
  (joint: (x: Tensor) => Joint, optimizer: Optimizer, ball?: Ball) =>
  ({ x, key, rate, renewed, ...changed }: Iteration, state: State): Iterated => {
    const at = averaged(joint, ball)(x, key, changed);
    const massless = ball && at.value.equal(Number.POSITIVE_INFINITY);
    const [slope] = grad(at.value, [x]);
    const gradient = massless ? where(massless, 0, slope!) : slope!;
    const next = optimizer.update({ point: x, value: at.value, gradient, rate, ...(renewed ? { renewed } : {}) }, state);
    return { ...next, ...at, ...(massless ? { massless } : {}) };
  };
