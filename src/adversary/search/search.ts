import type { Optimizer } from "./optimizer.ts";

/** How an attack looks for the maximum of its assumption. Shared by all attacks, chosen by declaration. */
export interface Search {
  readonly optimizer: Optimizer;
  /** Outer steps of the optimizer. */
  readonly steps: number;
  /** The learning rate at a step, counted from 0. */
  rate(step: number, steps: number): number;
  /** Factor of the log-likelihood at a step, where it is annealed. */
  anneal?(step: number, steps: number): number;
  /** How many times as wide as they are the likelihood's noises are taken at a step, at least 1, where it narrows. */
  widen?(step: number, steps: number): number;
  /** Noise N(0, 1) times this and the learning rate is added after each step (Langevin dynamics). */
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
 * Group consistency (Yin et al. 2021): the term weight · ‖x − E‖₂ a picture in the objective of every restart, where E is the mean of all restarts after each has been
 * registered to their plain mean by the translation that brings it nearest.
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

/** rate · gamma^step. */
export const exponentialRate =
  (rate: number, gamma: number): Search["rate"] =>
  (step) =>
    rate * gamma ** step;

/** A rate that rises linearly over `warmUp` steps and then falls to 0 along a cosine (GradInversion, Yin et al. 2021: 50 steps). */
export const cosineRate =
  (rate: number, warmUp: number): Search["rate"] =>
  (step, steps) =>
    step < warmUp ? (rate * (step + 1)) / warmUp : (rate / 2) * (1 + Math.cos((Math.PI * (step - warmUp)) / Math.max(1, steps - warmUp)));

/**
 * A factor that grows geometrically from `start` to 1 over the first half of the steps and stays there; the first step already has taken one of the growth, as in
 * the authors' code.
 */
export const annealed =
  (start: number): NonNullable<Search["anneal"]> =>
  (step, steps) =>
    Math.min(1, start * (1 / start) ** ((step + 1) / Math.max(1, steps / 2)));

/** A width that falls geometrically from `start` to 1 over the first half of the steps and stays there. */
export const narrowed =
  (start: number): NonNullable<Search["widen"]> =>
  (step, steps) =>
    Math.max(1, start * (1 / start) ** ((step + 1) / Math.max(1, steps / 2)));
