import { range, type Shape, sizeOf } from "../shape.ts";
import type { Extents } from "./convolution-window.ts";
import type { Emit } from "./rules.ts";

/** Gives an array another shape. */
export const reshape = (emit: Emit, name: string, shape: Shape): string => emit.node("Reshape", [name, emit.ints(shape)]);

/** From so many entries on, a transpose may take two steps. */
const manyEntries = 2 ** 12;

/**
 * Transposes an array of the given shape. If only axes of extent 1 move, it is a reshape.
 *
 * ONNX Runtime copies runs of entries where the last axis stays, and is fast where only one axis
 * moves; otherwise it copies entry by entry, which takes several times as long as one step of
 * either kind after the other.
 *
 * @param has whether the array has the given shape, and not another one of as many entries.
 */
export function transpose(emit: Emit, name: string, shape: Shape, order: readonly number[], has = false): string {
  const moving = order.filter((axis) => shape[axis] !== 1);
  const reordered = order.map((axis) => shape[axis]!);
  if (ascending(moving)) return reshape(emit, name, reordered);
  const last = shape.findLastIndex((extent) => extent !== 1);
  const end = moving.at(-1)!;
  const single = moving.some((axis) => ascending(moving.filter((other) => other !== axis)));
  if (sizeOf(shape) < manyEntries || single || end === last)
    return emit.node("Transpose", [has ? name : reshape(emit, name, shape)], { perm: order });
  const extentsOf = (axes: readonly number[]) => axes.map((axis) => shape[axis]!);
  const count = (axes: readonly number[]) => sizeOf(extentsOf(axes));
  /** One axis goes behind the axes that follow it, or back before them. */
  const exchanged = (from: string, extents: readonly [number, number, number]) =>
    emit.node("Transpose", [reshape(emit, from, extents)], { perm: [0, 2, 1] });
  const permuted = (from: string, axes: readonly number[], to: readonly number[]) =>
    emit.node("Transpose", [reshape(emit, from, extentsOf(axes))], { perm: to.map((axis) => axes.indexOf(axis)) });
  const present = range(shape.length).filter((axis) => shape[axis] !== 1);
  // The runs are those of the longer axis: the one that comes last, or the one that was last.
  if (shape[end]! > shape[last]!) {
    const behind = present.filter((axis) => axis > end);
    const before = present.filter((axis) => axis < end);
    const runs = exchanged(name, [count(before), shape[end]!, count(behind)]);
    return reshape(emit, permuted(runs, [...before, ...behind, end], moving), reordered);
  }
  const place = moving.indexOf(last);
  const [before, behind] = [moving.slice(0, place), moving.slice(place + 1)];
  const runs = permuted(name, present, [...before, ...behind, last]);
  return reshape(emit, exchanged(runs, [count(before), count(behind), shape[last]!]), reordered);
}

const ascending = (axes: readonly number[]): boolean => axes.every((axis, i) => i === 0 || axis > axes[i - 1]!);

/** A shape behind the lanes, if there are any. */
export const laneShape = (e: Extents, ...shape: number[]): number[] => [...(e.lanes > 1 ? [e.lanes] : []), ...shape];

/** Weights [lanes, o, c, kh, kw] as matrices, with the axes after the lane reordered. */
export function weightMatrix(
  emit: Emit,
  name: string,
  e: Extents,
  order: readonly [number, number, number, number],
  rows: number,
  columns: number,
): string {
  const moved = transpose(emit, name, [e.lanes, e.o, e.c, e.kh, e.kw], [0, ...order.map((axis) => axis + 1)]);
  return reshape(emit, moved, laneShape(e, rows, columns));
}
