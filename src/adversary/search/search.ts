import type { Optimizer, Rate } from "../../optimizers/index.ts";

/**
 * How an attack searches for the maximum of its assumption. All attacks share this search and
 * differ in these settings.
 */
export interface Search {
  readonly optimizer: Optimizer;
  /** The number of outer steps of the optimizer. */
  readonly steps: number;
  /** The learning rate at a step, counted from 0. */
  readonly rate: Rate;
  /** The factor of the log-likelihood at a step, if it is annealed. */
  readonly anneal?: Rate;
  /** The width of the assumed noise at a step, at least 1, in true widths, if it narrows. */
  readonly widen?: Rate;
  /** The factor of the ball's radius at a step, at most 1, if the ball shrinks. */
  readonly shrink?: Rate;
  /** The standard deviation of the noise after each step, in learning rates (Langevin dynamics). */
  readonly langevin?: number;
  /** The term that pulls restarts together. */
  readonly group?: Group;
  /** A lane ends if its objective has not improved for this many steps. */
  readonly patience?: number;
  /** The distribution of the starting points, in model space. */
  readonly start: "normal" | "uniform" | "zeros";
  /** Whether each step ends with a projection of every pixel onto [0, 1]. */
  readonly box: boolean;
  /** The number of independent starts, of which the search returns one. */
  readonly restarts: number;
  /**
   * What the best start is chosen by: the whole objective, as equation 2 asks, or the likelihood
   * alone, as the authors of several attacks do. The default is the objective.
   */
  readonly choose?: "objective" | "likelihood";
  /** Which iterate is returned: the last one, or the one with the best objective. */
  readonly result: "last" | "best";
}

/**
 * Group consistency (Yin et al. 2021): the term weight · ‖x − E‖₂ per image in the objective of
 * every restart. E is the mean of all restarts after each has been registered to their plain mean.
 * Registration is by the translation that brings it nearest.
 */
export interface Group {
  readonly weight: number;
  /** The first step with the term. */
  readonly from: number;
  /** The number of steps between updates of the mean. */
  readonly every: number;
  /** The largest translation, in pixels along each axis. */
  readonly shift: number;
}
