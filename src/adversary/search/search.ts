import type { Optimizer } from "./optimizer.ts";

/** How an attack looks for the maximum of its assumption. Shared by all attacks, chosen by declaration. */
export interface Search {
  readonly optimizer: Optimizer;
  /** Outer steps of the optimizer. */
  readonly steps: number;
  /** The learning rate at a step, counted from 0. */
  rate(step: number, steps: number): number;
  /** Distribution of the starting points, in model space. */
  readonly start: "normal" | "uniform" | "zeros";
  /** Keeps every pixel in [0, 1] after each step. */
  readonly box: boolean;
  /** Independent starts; the best by the attacker's own matching objective is returned. */
  readonly restarts: number;
  /** Which iterate is returned: the last one, or the one with the best objective. */
  readonly result: "last" | "best";
}

/** The same rate at every step. */
export const constantRate =
  (rate: number): Search["rate"] =>
  () =>
    rate;

/**
 * Where Geiping et al. (2020) divide the learning rate by ten: after 3/8, 5/8 and 7/8 of the steps. Their quotients are floored as Python floors them, by the
 * remainder: 4000 steps have milestones at 1499, 2499 and 3502.
 */
export const milestones = (steps: number): readonly number[] =>
  [2.667, 1.6, 1.142].map((part) => Math.round((steps - (steps % part)) / part));

/** A rate that is divided by ten at each of the {@link milestones}. */
export const milestoneRate =
  (rate: number): Search["rate"] =>
  (step, steps) =>
    rate * 0.1 ** milestones(steps).filter((milestone) => step >= milestone).length;
