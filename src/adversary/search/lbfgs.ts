import { concat, constant, filled, range, type Tensor, where } from "../../graph/index.ts";
import type { Evaluation, Optimizer, State, Transition } from "./optimizer.ts";

export interface LbfgsOptions {
  /** Pairs of steps and gradient differences that are kept. */
  readonly history?: number;
  /**
   * `none`: every evaluation is a step of the full learning rate, as PyTorch's L-BFGS does by default and the original DLG code uses it; `iterations` of them are
   * one outer step. `wolfe`: each step is searched until it decreases the objective enough and the slope has risen enough (weak Wolfe conditions).
   */
  readonly lineSearch?: "none" | "wolfe";
  /** Iterations an outer step (20 in PyTorch); with a line search each accepted step is an outer step. */
  readonly iterations?: number;
}

/** PyTorch's tolerances: largest gradient entry, and change of point or objective. */
const tolerance = { gradient: 1e-7, change: 1e-9 };
/** Conditions of Wolfe, with the constants of Nocedal & Wright (2006), §3.1; and the evaluations after which a search gives up. */
const wolfe = { decrease: 1e-4, slope: 0.9, evaluations: 25 };

const dot = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum();

/**
 * The inverse of a unit upper triangular matrix [n, n], n a power of two, by doubling: the inverse of [[A, B], [0, C]] is [[A⁻¹, −A⁻¹ B C⁻¹], [0, C⁻¹]], for all
 * diagonal blocks of a size at once.
 */
function invertUnitUpper(matrix: Tensor): Tensor {
  const n = matrix.shape[0]!;
  const entries = matrix.reshape([n * n]);
  let inverse = filled(1, [n, 1, 1]);
  for (let size = 1; size < n; size *= 2) {
    const blocks = n / (2 * size);
    const corner = Int32Array.from(
      range(blocks * size * size),
      (i) =>
        (2 * size * Math.floor(i / (size * size)) + Math.floor((i % (size * size)) / size)) * n +
        2 * size * Math.floor(i / (size * size)) +
        size +
        (i % size),
    );
    const upper = entries.gather(0, corner).reshape([blocks, size, size]);
    const pairs = inverse.reshape([blocks, 2, size, size]);
    const first = pairs.range(1, 0, 1).reshape([blocks, size, size]);
    const second = pairs.range(1, 1, 2).reshape([blocks, size, size]);
    const product = first.matmul(upper).matmul(second).neg();
    inverse = concat([concat([first, product], 2), concat([filled(0, [blocks, size, size]), second], 2)], 1);
  }
  return inverse.reshape([n, n]);
}

/**
 * −H g from the last pairs, by the compact form of the two-loop recursion (Byrd, Nocedal & Schnabel 1994). The rows of `s` and `y` [n, d] are steps and gradient
 * differences, oldest first, each divided by √(sᵀy), so that the diagonal of S Yᵀ is 1; unused rows are 0.
 */
function direction(s: Tensor, y: Tensor, scale: Tensor, g: Tensor): Tensor {
  const n = s.shape[0]!;
  const upper = constant(
    Float32Array.from(range(n * n), (i) => (i % n > Math.floor(i / n) ? 1 : 0)),
    [n, n],
  );
  const column = (v: Tensor) => v.reshape([-1, 1]);
  const inverse = invertUnitUpper(s.matmul(y, false, true).mul(upper));
  const alpha = inverse.matmul(s.matmul(column(g)));
  const q = column(g).sub(y.matmul(alpha, true));
  const c = inverse.matmul(alpha.sub(y.matmul(q).mul(scale)), true);
  return q.mul(scale).add(s.matmul(c, true)).neg().reshape([-1]);
}

/** The history with one more pair, where its curvature is positive. */
function remember(state: State, step: Tensor, change: Tensor): { s: Tensor; y: Tensor; scale: Tensor } {
  const curvature = dot(step, change);
  const keep = curvature.greater(1e-10);
  const root = where(keep, curvature, 1).sqrt();
  const push = (rows: Tensor, row: Tensor) => where(keep, concat([rows.range(0, 1, rows.shape[0]!), row.div(root).reshape([1, -1])]), rows);
  return {
    s: push(state.s!, step),
    y: push(state.y!, change),
    scale: where(keep, curvature.div(where(keep, dot(change, change), 1)), state.scale!),
  };
}

const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(n));

/** L-BFGS (Liu & Nocedal 1989). */
export function lbfgs({ history = 32, lineSearch = "wolfe", iterations = 20 }: LbfgsOptions = {}): Optimizer {
  const rows = powerOfTwo(history);
  const memory = (d: number): State => ({ s: filled(0, [rows, d]), y: filled(0, [rows, d]), scale: constant(1) });
  const zero = constant(0);
  return lineSearch === "none"
    ? {
        recovers: false,
        init: (d) => ({ ...memory(d), step: filled(0, [d]), gradient: filled(0, [d]), value: zero, inner: zero, total: zero }),
        update: (at, state) => fixedStep(at, state, iterations),
      }
    : {
        recovers: true,
        init: (d) => ({
          ...memory(d),
          base: filled(0, [d]),
          gradient: filled(0, [d]),
          value: zero,
          direction: filled(0, [d]),
          slope: zero,
          t: zero,
          low: zero,
          high: constant(Number.POSITIVE_INFINITY),
          tries: zero,
          started: zero,
        }),
        update: searchedStep,
      };
}

/** PyTorch's iteration without a line search. A state of all zeros is before the first evaluation. */
function fixedStep({ point, value, gradient, rate }: Evaluation, state: State, iterations: number): Transition {
  const first = state.total!.equal(0);
  const change = gradient.sub(state.gradient!);
  const memory = remember(state, where(first, 0, state.step!), change);
  const d = where(first, gradient.neg(), direction(memory.s, memory.y, memory.scale, gradient));
  const t = where(first, constant(1).minimum(constant(1).div(gradient.abs().sum())), 1).mul(rate);
  const small = gradient.abs().max().lessEqual(tolerance.gradient);
  const flat = dot(gradient, d).greater(-tolerance.change);
  const moves = small.or(flat).not();
  const step = where(moves, d.mul(t), 0);
  const inner = state.inner!.add(1);
  const still = step.abs().max().lessEqual(tolerance.change);
  // PyTorch compares with the value one iteration ago, but not across outer steps.
  const settled = state.inner!.greater(0).and(value.sub(state.value!).abs().less(tolerance.change));
  const ends = inner.greaterEqual(iterations).or(still).or(settled);
  return {
    point: point.add(step),
    state: { ...memory, step, gradient, value, inner: where(ends, 0, inner), total: state.total!.add(1) },
    completed: ends.toFloat(),
  };
}

/** One evaluation of a bisecting line search (Lewis & Overton 2013): it ends in finitely many, at a point that satisfies the weak Wolfe conditions. */
function searchedStep({ point, value, gradient, rate }: Evaluation, state: State): Transition {
  const first = state.started!.equal(0);
  const finite = value.isFinite().and(gradient.abs().max().isFinite());
  const g = where(finite, gradient, 0);
  const t = state.t!;
  const decreases = finite.and(value.lessEqual(state.value!.add(state.slope!.mul(t).mul(wolfe.decrease))));
  const risen = dot(g, state.direction!).greaterEqual(state.slope!.mul(wolfe.slope));
  const tired = state.tries!.greaterEqual(wolfe.evaluations);
  const accepted = first.or(decreases.and(risen.or(tired)));
  // A search that found no decrease at all starts over, down the gradient.
  const failed = tired.and(decreases.not()).and(first.not());

  const base = where(accepted, point, state.base!);
  const baseGradient = where(accepted, g, state.gradient!);
  const baseValue = where(accepted, value, state.value!);
  const learns = accepted.and(first.not());
  const pair = remember(state, where(learns, point.sub(state.base!), 0), where(learns, g.sub(state.gradient!), 0));
  const s = where(failed, 0, pair.s);
  const y = where(failed, 0, pair.y);
  const scale = where(failed, 1, pair.scale);

  const quasiNewton = direction(s, y, scale, baseGradient);
  const descends = dot(quasiNewton, baseGradient).less(0).and(first.or(failed).not());
  const fresh = accepted.or(failed);
  const newDirection = where(fresh, where(descends, quasiNewton, baseGradient.neg()), state.direction!);
  const newSlope = where(fresh, dot(newDirection, baseGradient), state.slope!);
  const start = where(descends, 1, constant(1).minimum(constant(1).div(baseGradient.abs().sum().add(1e-30)))).mul(rate);

  const low = where(fresh, 0, where(decreases, t, state.low!));
  const high = where(fresh, Number.POSITIVE_INFINITY, where(decreases, state.high!, t));
  const next = where(fresh, start, where(high.isFinite(), low.add(high).mul(0.5), low.mul(2)));
  return {
    point: base.add(newDirection.mul(next)),
    state: {
      s,
      y,
      scale,
      base,
      gradient: baseGradient,
      value: baseValue,
      direction: newDirection,
      slope: newSlope,
      t: next,
      low,
      high,
      tries: where(fresh, 0, state.tries!.add(1)),
      started: constant(1),
    },
    completed: where(fresh.and(first.not()), 1, 0),
  };
}
