import type { Tensor } from "../graph/index.ts";

/** Named tensors that an optimizer carries from call to call. */
export type State = Readonly<Record<string, Tensor>>;

/**
 * One evaluation of the objective: the point, the value and gradient there, and the learning rate.
 */
export interface Evaluation {
  /** [d]. */
  readonly point: Tensor;
  readonly value: Tensor;
  /** [d]. */
  readonly gradient: Tensor;
  readonly rate: Tensor;
  /**
   * 1 if the objective has changed since the last evaluation, so that values do not compare (as
   * with an annealed likelihood); otherwise 0.
   */
  readonly renewed?: Tensor;
}

/** The result of an evaluation. */
export interface Transition {
  /** The next point to evaluate, [d]. */
  readonly point: Tensor;
  readonly state: State;
  /**
   * How many steps the evaluation completed, 0 or 1. With a line search, a step takes several
   * evaluations.
   */
  readonly completed: Tensor;
  /** Whether nothing is left to gain, so that the lane ends. */
  readonly converged?: Tensor;
  /**
   * Whether the slope promises a descent that no trial found, so that the lane ends without having
   * converged.
   */
  readonly stuck?: Tensor;
}

/**
 * A minimizer as two pure functions, built into the attack's program. One call is one evaluation of
 * the objective and one transition. It is written for one lane; `vmap` adds lanes.
 */
export interface Optimizer {
  /**
   * Whether it backs away from a point where the objective is not finite, instead of failing there.
   */
  readonly recovers: boolean;
  /**
   * Whether it compares values of the objective, as a line search does, rather than slopes alone.
   */
  readonly comparesValues: boolean;
  /** The initial state for points with d entries: constants. */
  init(d: number): State;
  update(at: Evaluation, state: State): Transition;
}
