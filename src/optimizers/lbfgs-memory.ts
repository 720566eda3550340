import { concat, constant, filled, range, type Tensor, where } from "../graph/index.ts";
import type { State } from "./optimizer.ts";

/** aᵀ b. */
export const dot = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum();

/**
 * The inverse of a unit upper triangular matrix [n, n], n a power of two, by doubling: the inverse
 * of [[A, B], [0, C]] is [[A⁻¹, −A⁻¹ B C⁻¹], [0, C⁻¹]]. All diagonal blocks of one size are
 * inverted at once.
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

/** The last pairs of steps and gradient differences, oldest first, as the direction needs them. */
export interface Memory {
  /** Steps and gradient differences [n, d], each divided by √(stepᵀ difference). */
  readonly s: Tensor;
  readonly y: Tensor;
  /** The strict upper triangle of s yᵀ, [n, n]. */
  readonly upper: Tensor;
  /** 1 for rows in use, 0 for unused ones, [n]. */
  readonly valid: Tensor;
  /**
   * stepᵀ difference / ‖difference‖² of the last pair: the scale of the initial inverse Hessian.
   */
  readonly scale: Tensor;
}

/** A memory of n rows without any pair. */
export const empty = (n: number, d: number) =>
  ({ s: filled(0, [n, d]), y: filled(0, [n, d]), upper: filled(0, [n, n]), valid: filled(0, [n]), scale: constant(1) }) satisfies Memory;

/** The memory in the state of the optimizer. */
export const memoryOf = (state: State): Memory => ({
  s: state.s!,
  y: state.y!,
  upper: state.upper!,
  valid: state.valid!,
  scale: state.scale!,
});

/**
 * Adds a pair to the memory and drops the oldest row. A pair without positive curvature becomes an
 * unused row, so that no choice between large arrays is needed.
 */
export function remember(memory: Memory, step: Tensor, change: Tensor, least: Tensor): Memory {
  const n = memory.s.shape[0]!;
  const curvature = dot(step, change);
  const keep = curvature.greater(least);
  const root = where(keep, curvature, 1).sqrt();
  const [newS, newY] = [step, change].map((row) => where(keep, row.div(root), 0)) as [Tensor, Tensor];
  const push = (rows: Tensor, row: Tensor) => concat([rows.range(0, 1, n), row.reshape([1, -1])]);
  const s = push(memory.s, newS);
  const products = s.matmul(newY.reshape([-1, 1])).mul(
    constant(
      Float32Array.from(range(n), (i) => Number(i < n - 1)),
      [n, 1],
    ),
  );
  const shifted = memory.upper.slice([1, 1], [n - 1, n - 1]).pad([0, 0], [1, 0]);
  return {
    s,
    y: push(memory.y, newY),
    upper: concat([shifted, products], 1),
    valid: concat([memory.valid.range(0, 1, n), keep.toFloat().reshape([1])]),
    scale: where(keep, curvature.div(where(keep, dot(change, change), 1)), memory.scale),
  };
}

/**
 * −H g, by the compact form of the two-loop recursion (Byrd, Nocedal & Schnabel 1994). With the
 * scaling of the pairs, the diagonal of s yᵀ is 1.
 */
export function direction({ s, y, upper, valid, scale }: Memory, g: Tensor): Tensor {
  const column = (v: Tensor) => v.reshape([-1, 1]);
  const counts = column(valid);
  const inverse = invertUnitUpper(upper.mul(counts).mul(valid));
  const alpha = inverse.matmul(s.matmul(column(g)).mul(counts));
  const q = column(g).sub(y.matmul(alpha.mul(counts), true));
  const c = inverse.matmul(alpha.sub(y.matmul(q).mul(counts).mul(scale)), true);
  return q
    .mul(scale)
    .add(s.matmul(c.mul(counts), true))
    .neg()
    .reshape([-1]);
}
