/** A number for each step, such as a learning rate or a factor. Steps are counted from 0. */
export type Rate = (step: number, steps: number) => number;

/** A constant rate. */
export const constantRate =
  (rate: number): Rate =>
  () =>
    rate;

/**
 * The steps at which Geiping et al. (2020) divide the learning rate by ten: after 3/8, 5/8 and 7/8
 * of all steps. The quotients are floored by the remainder, as Python does: 4000 steps have
 * milestones at 1499, 2499 and 3502.
 */
export const milestones = (steps: number): readonly number[] =>
  [2.667, 1.6, 1.142].map((part) => Math.round((steps - (steps % part)) / part));

/** A rate that is divided by ten after 3/8, 5/8 and 7/8 of the steps (Geiping et al. 2020). */
export const milestoneRate =
  (rate: number): Rate =>
  (step, steps) =>
    rate * 0.1 ** milestones(steps).filter((milestone) => step >= milestone).length;

/** An exponential decay: rate · gamma^step. */
export const exponentialRate =
  (rate: number, gamma: number): Rate =>
  (step) =>
    rate * gamma ** step;

/**
 * A rate that rises linearly over `warmUp` steps and then falls to 0 along a cosine (GradInversion,
 * Yin et al. 2021: 50 steps).
 */
export const cosineRate =
  (rate: number, warmUp: number): Rate =>
  (step, steps) =>
    step < warmUp ? (rate * (step + 1)) / warmUp : (rate / 2) * (1 + Math.cos((Math.PI * (step - warmUp)) / Math.max(1, steps - warmUp)));

/**
 * A factor that grows geometrically from `start` to 1 over the first half of the steps and then
 * stays there. The first step already includes one growth, as in the authors' code.
 */
export const annealed =
  (start: number): Rate =>
  (step, steps) =>
    Math.min(1, start * (1 / start) ** ((step + 1) / Math.max(1, steps / 2)));

/**
 * A width that falls geometrically from `start` to 1 over the first half of the steps and then
 * stays there.
 */
export const narrowed =
  (start: number): Rate =>
  (step, steps) =>
    Math.max(1, start * (1 / start) ** ((step + 1) / Math.max(1, steps / 2)));

/**
 * A factor of a radius that falls geometrically from 1 to `end` over the first half of the steps
 * and then stays there. The first step already includes one decrease.
 */
export const shrunk =
  (end: number): Rate =>
  (step, steps) =>
    Math.max(end, end ** ((step + 1) / Math.max(1, steps / 2)));
