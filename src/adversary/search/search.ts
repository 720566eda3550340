import type { Optimizer, Rate } from "../../optimizers/index.ts";

/**
 * How an attack looks for the maximum of its assumption. Shared by all attacks, chosen by
 * declaration.
 */
export interface Search {
  readonly optimizer: Optimizer;
  /** Outer steps of the optimizer. */
  readonly steps: number;
  /** The learning rate at a step, counted from 0. */
  readonly rate: Rate;
  /** Factor of the log-likelihood at a step, where it is annealed. */
  readonly anneal?: Rate;
  /**
   * How many times as wide as they are the likelihood's noises are taken at a step, at least 1,
   * where it narrows.
   */
  readonly widen?: Rate;
  /**
   * Noise N(0, 1) times this and the learning rate is added after each step (Langevin dynamics).
   */
  readonly langevin?: number;
  /** Restarts that pull one another together. */
  readonly group?: Group;
  /** A lane whose objective has not improved for so many steps ends. */
  readonly patience?: number;
  /** Distribution of the starting points, in model space. */
  readonly start: "normal" | "uniform" | "zeros";
  /** Keeps every pixel in [0, 1] after each step. */
  readonly box: boolean;
  /** Independent starts; the best by the attacker's own matching objective is returned. */
  readonly restarts: number;
  /** Which iterate is returned: the last one, or the one with the best objective. */
  readonly result: "last" | "best";
}

/**
 * Group consistency (Yin et al. 2021): the term weight · ‖x − E‖₂ a picture in the objective of
 * every restart, where E is the mean of all restarts after each has been registered to their plain
 * mean by the translation that brings it nearest.
 */
export interface Group {
  readonly weight: number;
  /** The first step with the term. */
  readonly from: number;
  /** Steps between refreshes of the mean. */
  readonly every: number;
  /** The largest translation, in pixels along each axis. */
  readonly shift: number;
}
