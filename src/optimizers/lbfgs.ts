import { constant, filled, type Tensor, where } from "../graph/index.ts";
import { direction, dot, empty, type Memory, memoryOf, remember } from "./lbfgs-memory.ts";
import type { Evaluation, Optimizer, State, Transition } from "./optimizer.ts";
import { unitOf } from "./unit.ts";

/** Options of L-BFGS. */
export interface LbfgsOptions {
  /** Pairs of steps and gradient differences to keep, rounded up to a power of two. Default 32. */
  readonly history?: number;
  /**
   * How a step is found; `wolfe` by default.
   * - `none`: every evaluation is a step of the full learning rate, as in PyTorch's default and in
   *   the original DLG code. An outer step has `iterations` of them.
   * - `wolfe`: each step is searched until the objective has decreased enough and the slope has
   *   risen enough (weak Wolfe conditions).
   */
  readonly lineSearch?: "none" | "wolfe";
  /** Iterations per outer step; 20 by default, as in PyTorch. */
  readonly iterations?: number;
  /**
   * With a line search: the fraction of the objective that two outer steps must gain for the search
   * to go on. The default, 1e-6, is the smallest difference that float32 resolves: under noise, the
   * objective ends at half the number of parameters, however good the match. If the objective ends
   * at 0, a larger fraction serves as well and saves useless steps.
   */
  readonly gain?: number;
}

/**
 * PyTorch's tolerances: largest gradient entry, change of point or objective, and least curvature.
 */
const tolerance = { gradient: 1e-7, change: 1e-9, curvature: 1e-10 };
/**
 * Constants of the line search. `decrease` and `slope` are the Wolfe conditions (Nocedal & Wright
 * 2006, §3.1). A search gives up after `evaluations`. After two searches that gave up, the lane
 * goes on only if at most the fraction `gain` of the objective is left. `noise` is the fraction of
 * the objective that may be rounding, and `overshoot` bounds how far the slope may have risen in
 * that case. `curvature` is the smallest cosine between step and gradient difference of a pair that
 * is kept. `reach` is the mean length per entry of the step whose promise tells a kink from a
 * minimum.
 */
const wolfe = {
  decrease: 1e-4,
  slope: 0.9,
  evaluations: 25,
  gain: 0.99,
  noise: 1e-3,
  overshoot: 0.8,
  curvature: 1e-7,
  reach: 0.01,
} as const;

/** A value plus a fraction of its size. It may be negative if a prior has densities above 1. */
const above = (value: Tensor, part: number): Tensor => value.mul(where(value.greater(0), 1 + part, 1 - part));

const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(n));

/** L-BFGS (Liu & Nocedal 1989). */
export function lbfgs({ history = 32, lineSearch = "wolfe", iterations = 20, gain = 1e-6 }: LbfgsOptions = {}): Optimizer {
  const rows = powerOfTwo(history);
  const zero = constant(0);
  return lineSearch === "none"
    ? {
        recovers: false,
        comparesValues: false,
        init: (d) => ({ ...empty(rows, d), step: filled(0, [d]), gradient: filled(0, [d]), value: zero, inner: zero, total: zero }),
        update: (at, state) => fixedStep(at, state, iterations),
      }
    : {
        recovers: true,
        comparesValues: true,
        init: (d) => ({
          ...empty(rows, d),
          base: filled(0, [d]),
          gradient: filled(0, [d]),
          value: zero,
          direction: filled(0, [d]),
          slope: zero,
          t: zero,
          low: zero,
          high: constant(Number.POSITIVE_INFINITY),
          tries: zero,
          inner: zero,
          started: zero,
          failedAt: constant(Number.POSITIVE_INFINITY),
          endedAt: constant(Number.POSITIVE_INFINITY),
          beganAt: zero,
          unit: zero,
        }),
        update: (at, state) => inOwnUnits(at, state, (own) => searchedStep(own, state, { iterations, gain })),
      };
}

/** A step on the objective in a unit that follows from the largest gradient entry at the start. */
function inOwnUnits(at: Evaluation, state: State, step: (own: Evaluation) => Transition): Transition {
  const largest = at.gradient.abs().max();
  const usable = largest.isFinite().and(largest.greater(0));
  const unit = where(state.unit!.equal(0).and(usable), unitOf(largest), state.unit!);
  const divisor = where(unit.greater(0), unit, 1);
  const next = step({ ...at, value: at.value.div(divisor), gradient: at.gradient.div(divisor) });
  return { ...next, state: { ...next.state, unit } };
}

/** PyTorch's iteration without a line search. A state of zeros precedes the first one. */
function fixedStep({ point, value, gradient, rate }: Evaluation, state: State, iterations: number): Transition {
  const first = state.total!.equal(0);
  const change = gradient.sub(state.gradient!);
  const memory = remember(memoryOf(state), where(first, 0, state.step!), change, constant(tolerance.curvature));
  const d = where(first, gradient.neg(), direction(memory, gradient));
  const t = where(first, constant(1).minimum(constant(1).div(gradient.abs().sum())), 1).mul(rate);
  const small = gradient.abs().max().lessEqual(tolerance.gradient);
  const flat = dot(gradient, d).greater(-tolerance.change);
  const moves = small.or(flat).not();
  const step = where(moves, d.mul(t), 0);
  const inner = state.inner!.add(1);
  const still = step.abs().max().lessEqual(tolerance.change);
  // PyTorch compares with the value of the previous iteration, but not across outer steps.
  const settled = state.inner!.greater(0).and(value.sub(state.value!).abs().less(tolerance.change));
  const ends = inner.greaterEqual(iterations).or(still).or(settled);
  return {
    point: point.add(step),
    state: { ...memory, step, gradient, value, inner: where(ends, 0, inner), total: state.total!.add(1) },
    completed: ends.toFloat(),
  };
}

/** The conditions that end an outer step and the search. */
type Ending = Required<Pick<LbfgsOptions, "iterations" | "gain">>;

/**
 * One evaluation of a bisecting line search (Lewis & Overton 2013). The search ends after finitely
 * many evaluations, at a point that satisfies the weak Wolfe conditions. If the objective is
 * renewed, the search returns to its starting point and restarts from the values there.
 */
function searchedStep(at: Evaluation, state: State, ending: Ending): Transition {
  const next = comparedStep(at, state, ending);
  if (!at.renewed) return next;
  const back = at.renewed.greater(0);
  const over = { started: 0, inner: 0, failedAt: Number.POSITIVE_INFINITY, endedAt: Number.POSITIVE_INFINITY };
  return {
    point: where(back, state.base!, next.point),
    state: {
      ...next.state,
      base: where(back, state.base!, next.state.base!),
      ...Object.fromEntries(Object.entries(over).map(([name, initial]) => [name, where(back, initial, next.state[name]!)])),
    },
    completed: where(back, 0, next.completed),
    converged: next.converged!.and(back.not()),
    stuck: next.stuck!.and(back.not()),
  };
}

/** The same for an unchanged objective. If it has changed, no pair is kept. */
function comparedStep({ point, value, gradient, rate, renewed }: Evaluation, state: State, { iterations, gain }: Ending): Transition {
  const first = state.started!.equal(0);
  const finite = value.isFinite().and(gradient.abs().max().isFinite());
  const g = where(finite, gradient, 0);
  const t = state.t!;
  const slope = dot(g, state.direction!);
  // Near a match, rounding hides the decrease of the objective but not its slope. A slope that has
  // not risen too far stands in for the decrease (Hager & Zhang 2005, approximate Wolfe).
  const level = value.lessEqual(above(state.value!, wolfe.noise)).and(slope.lessEqual(state.slope!.mul(-wolfe.overshoot)));
  const decreases = finite.and(value.lessEqual(state.value!.add(state.slope!.mul(t).mul(wolfe.decrease))).or(level));
  const risen = slope.greaterEqual(state.slope!.mul(wolfe.slope));
  const tired = state.tries!.greaterEqual(wolfe.evaluations);
  const accepted = first.or(decreases.and(risen.or(tired)));
  // A search that found no decrease at all starts over, down the gradient.
  const failed = tired.and(decreases.not()).and(first.not());

  const base = where(accepted, point, state.base!);
  const baseGradient = where(accepted, g, state.gradient!);
  const baseValue = where(accepted, value, state.value!);
  const learns = accepted.and(renewed ? first.not().and(renewed.equal(0)) : first.not());
  const [step, change] = [where(learns, point.sub(state.base!), 0), where(learns, g.sub(state.gradient!), 0)];
  // The bound does not depend on the objective's scale: near a match all curvatures are small.
  const learned = remember(memoryOf(state), step, change, dot(step, step).mul(dot(change, change)).sqrt().mul(wolfe.curvature));
  const memory: Memory = { ...learned, valid: where(failed, 0, learned.valid) };

  const quasiNewton = direction(memory, baseGradient);
  const descends = dot(quasiNewton, baseGradient).less(0).and(first.or(failed).not());
  const fresh = accepted.or(failed);
  const newDirection = where(fresh, where(descends, quasiNewton, baseGradient.neg()), state.direction!);
  const newSlope = where(fresh, dot(newDirection, baseGradient), state.slope!);
  // Down the gradient, the entries of the first step add up to the rate, whatever the units.
  const unitStep = constant(1).div(baseGradient.abs().sum().add(1e-30));
  const start = where(descends, 1, where(first, unitStep, unitStep.minimum(1))).mul(rate);

  const inner = state.inner!.add(where(fresh.and(first.not()), 1, 0));
  const ends = inner.greaterEqual(iterations);
  // Two failed searches, or two outer steps, gained little. Either float32 resolves nothing more, or
  // the objective has a kink: its slope promises what no trial found, and much of it is left.
  const spent = failed.and(baseValue.greater(above(state.failedAt!, wolfe.gain - 1)));
  const beganAt = where(first, value, state.beganAt!);
  const promised = dot(baseGradient, baseGradient).div(baseGradient.abs().mean().add(1e-30)).mul(wolfe.reach);
  const kinked = promised.greater(baseValue.abs().mul(wolfe.noise)).and(baseValue.abs().greater(beganAt.abs().mul(wolfe.noise)));
  const idle = ends.and(baseValue.greater(above(state.endedAt!, -gain)));
  const low = where(fresh, 0, where(decreases, t, state.low!));
  const high = where(fresh, Number.POSITIVE_INFINITY, where(decreases, state.high!, t));
  const next = where(fresh, start, where(high.isFinite(), low.add(high).mul(0.5), low.mul(2)));
  return {
    point: base.add(newDirection.mul(next)),
    state: {
      ...memory,
      base,
      gradient: baseGradient,
      value: baseValue,
      direction: newDirection,
      slope: newSlope,
      t: next,
      low,
      high,
      tries: where(fresh, 0, state.tries!.add(1)),
      inner: where(ends, 0, inner),
      started: constant(1),
      failedAt: where(failed, baseValue, state.failedAt!),
      endedAt: where(ends, baseValue, state.endedAt!),
      beganAt,
    },
    completed: ends.toFloat(),
    converged: spent.and(kinked.not()).or(idle),
    stuck: spent.and(kinked),
  };
}
