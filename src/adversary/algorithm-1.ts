import { grad, type Tensor, vmap, where } from "../graph/index.ts";
import type { Evaluation, Optimizer, State, Transition } from "../optimizers/index.ts";
import type { Key } from "../random/index.ts";
import { type Ball, pointsIn } from "./ball.ts";

/** Logarithms of what an attacker assumes, at one point, each up to a constant: scalars. */
export type Joint = {
  /** log p(g | x). */
  readonly likelihood: Tensor;
  /** log p(x). */
  readonly prior: Tensor;
  /** ‖g − G(x)‖² / ‖g‖², where the likelihood is computed by a form that cancels near a match. */
  readonly relative?: Tensor;
};

/**
 * One iteration: where, with which randomness and learning rate; `factor` anneals the likelihood.
 */
export interface Iteration extends Pick<Evaluation, "rate" | "renewed"> {
  /** The current x, [d]. */
  readonly x: Tensor;
  readonly key: Key;
  readonly factor?: Tensor;
}

/** What an iteration found beside the next x. */
export interface Iterated extends Transition {
  /** The attacker's objective at x: −log of what Algorithm 1 maximizes. */
  readonly value: Tensor;
  /** −log p(g | x), averaged over the points. */
  readonly matching: Tensor;
  readonly relative?: Tensor;
  /**
   * Whether no point of the ball had any mass: then nothing is known of the slope, and the
   * optimizer is told that it is 0.
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
 * Algorithm 1's objective at x: over k points uniform in B(x, δ), taken as x + δ u so that the
 * derivative passes through, the mean of log p(g | xᵢ) + log p(xᵢ); with `bound=log-mean-exp` the
 * logarithm of the mean probability, which tends to equation 2 as k grows. Without a ball (k = 1,
 * δ = 0) the one point is x itself.
 *
 * @param factor anneals the likelihood.
 */
export const averaged =
  (joint: (x: Tensor) => Joint, ball?: Ball) =>
  (x: Tensor, key: Key, factor?: Tensor): Averaged => {
    const { likelihood, prior, relative } = ball ? vmap(joint)(pointsIn(ball, x, key)) : joint(x);
    const logs = (factor ? likelihood.mul(factor) : likelihood).add(prior);
    return {
      value: (ball ? ball.mean(logs) : logs).neg(),
      matching: likelihood.mean().neg(),
      ...(relative ? { relative: relative.neg().max().neg() } : {}),
    };
  };

/**
 * An iteration of Algorithm 1, for one lane (Balunović et al., §4): the objective at x, its slope,
 * and a step of the optimizer in the place of plain gradient ascent.
 */
export const algorithm1 =
  (joint: (x: Tensor) => Joint, optimizer: Optimizer, ball?: Ball) =>
  ({ x, key, rate, factor, renewed }: Iteration, state: State): Iterated => {
    const at = averaged(joint, ball)(x, key, factor);
    const massless = ball && at.value.equal(Number.POSITIVE_INFINITY);
    const [slope] = grad(at.value, [x]);
    const gradient = massless ? where(massless, 0, slope!) : slope!;
    const next = optimizer.update({ point: x, value: at.value, gradient, rate, ...(renewed ? { renewed } : {}) }, state);
    return { ...next, ...at, ...(massless ? { massless } : {}) };
  };
