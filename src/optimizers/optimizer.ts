import type { Tensor } from "../graph/index.ts";

/** Named tensors that an optimizer carries from call to call. */
export type State = Readonly<Record<string, Tensor>>;

/** One evaluation of the objective: where, how much, its gradient there, and the learning rate. */
export interface Evaluation {
  /** [d]. */
  readonly point: Tensor;
  readonly value: Tensor;
  /** [d]. */
  readonly gradient: Tensor;
  readonly rate: Tensor;
  /**
   * 1 where the objective is another one than at the last evaluation, as that of an annealed
   * likelihood is, so that values do not compare; else 0.
   */
  readonly renewed?: Tensor;
}

/** What follows from an evaluation. */
export interface Transition {
  /** Where to evaluate next, [d]. */
  readonly point: Tensor;
  readonly state: State;
  /**
   * How many steps the evaluation completed, 0 or 1: a line search takes several evaluations a
   * step.
   */
  readonly completed: Tensor;
  /** Whether nothing is left to gain: the lane ends here. */
  readonly converged?: Tensor;
}

/**
 * A minimizer as two pure functions, built into the attack's program: one call is one evaluation of
 * the objective and one transition. It is written for one lane; lanes come from vmap.
 */
export interface Optimizer {
  /**
   * Whether it steps back from a point where the objective is not finite, instead of failing there.
   */
  readonly recovers: boolean;
  /** Whether it compares values of the objective, as a line search does, and not slopes alone. */
  readonly comparesValues: boolean;
  /** The state before the first evaluation of a point with d entries: constants. */
  init(d: number): State;
  update(at: Evaluation, state: State): Transition;
}
