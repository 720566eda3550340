import type { Shape } from "../shape.ts";
import { type Extents, inputSource, outputSource, type Window } from "./convolution-window.ts";
import { laneShape, reshape, weightMatrix } from "./rearranged.ts";
import type { Emit } from "./rules.ts";

// Images [h, w, c, n]: a position is a row of all channels of all images, so patches of all images
// are gathered in long rows, and a position of the result is one matrix product.

/** One place that a row reads: the kernel entry, and the position; below 0 outside the image. */
interface Read {
  readonly entry: number;
  readonly position: number;
}

/**
 * Positions of one kind: all their rows read the same kernel entries, from other positions.
 */
interface Group {
  readonly targets: readonly number[];
  readonly entries: readonly number[];
  readonly positions: readonly number[];
}

/** Puts positions that read the same kernel entries together. */
function grouped(targets: number, reads: (target: number) => readonly Read[]): readonly Group[] {
  const groups = new Map<string, { targets: number[]; entries: readonly number[]; positions: number[] }>();
  for (let target = 0; target < targets; target++) {
    const read = reads(target);
    const entries = read.map(({ entry }) => entry);
    const group = groups.get(entries.join()) ?? { targets: [], entries, positions: [] };
    groups.set(entries.join(), group);
    group.targets.push(target);
    group.positions.push(...read.map(({ position }) => position));
  }
  return [...groups.values()];
}

/** What the rows of y read of x. */
function outputReads(window: Window, e: Extents): readonly Group[] {
  const source = outputSource(window, e);
  return grouped(e.oh * e.ow, (target) => everyEntry(e).map(({ i, j, entry }) => ({ entry, position: source(target, i, j) })));
}

/** What the rows of x read of y. With strides, a row reads only every other kernel entry. */
function inputReads(window: Window, e: Extents): readonly Group[] {
  const source = inputSource(window, e);
  return grouped(e.h * e.w, (target) =>
    everyEntry(e).flatMap(({ i, j, entry }) => {
      const position = source(target, i, j);
      return position === undefined ? [] : [{ entry, position }];
    }),
  );
}

const everyEntry = ({ kh, kw }: Extents) =>
  Array.from({ length: kh * kw }, (_, entry) => ({ entry, i: Math.floor(entry / kw), j: entry % kw }));

/** Images [lanes, positions, channels, n] as rows of `channels · n`, with a row of zeros behind them. */
function rowsOf(emit: Emit, images: string, { lanes, n }: Extents, positions: number, channels: number): string {
  const rows = reshape(emit, images, [lanes * positions, channels * n]);
  return emit.node("Concat", [rows, emit.floats(new Float32Array(channels * n), [1, channels * n])], { axis: 0 });
}

/** Patches [lanes, targets, entries · channels, n] of one group. */
function patches(emit: Emit, rows: string, { lanes, n }: Extents, positions: number, channels: number, group: Group): string {
  const indices: number[] = [];
  for (let lane = 0; lane < lanes; lane++)
    for (const position of group.positions) indices.push(position < 0 ? lanes * positions : lane * positions + position);
  const gathered = emit.node("Gather", [rows, emit.ints(indices)], { axis: 0 });
  return reshape(emit, gathered, [lanes, group.targets.length, group.entries.length * channels, n]);
}

/** y from (x, w), and from a number a channel to add, where there are no lanes. */
export function emitAtPositions(
  window: Window,
  e: Extents,
  emit: Emit,
  x: string,
  weight: string,
  added: string | undefined,
  shape: Shape,
): string {
  const [all] = outputReads(window, e) as [Group];
  const matrix = weightMatrix(emit, weight, e, [0, 2, 3, 1], e.o, e.kh * e.kw * e.c);
  const rows = rowsOf(emit, x, e, e.h * e.w, e.c);
  const lanes = reshape(emit, matrix, [e.lanes, 1, e.o, e.kh * e.kw * e.c]);
  const y = emit.node("MatMul", [lanes, patches(emit, rows, e, e.h * e.w, e.c, all)]);
  return reshape(emit, added === undefined ? y : emit.node("Add", [y, reshape(emit, added, [e.o, 1])]), shape);
}

/** x from (y, w). */
export function emitInputAtPositions(window: Window, e: Extents, emit: Emit, y: string, weight: string, shape: Shape): string {
  const rows = rowsOf(emit, y, e, e.oh * e.ow, e.o);
  const entries = e.kh * e.kw;
  const matrix = reshape(emit, weightMatrix(emit, weight, e, [1, 2, 3, 0], e.c, entries * e.o), [e.lanes, 1, e.c, entries, e.o]);
  const groups = inputReads(window, e);
  const parts = groups.map((group) => {
    if (group.entries.length === 0)
      return emit.floats(new Float32Array(e.lanes * group.targets.length * e.c * e.n), [e.lanes, group.targets.length, e.c, e.n]);
    const own = group.entries.length === entries ? matrix : emit.node("Gather", [matrix, emit.ints(group.entries)], { axis: 3 });
    const kernel = reshape(emit, own, [e.lanes, 1, e.c, group.entries.length * e.o]);
    return emit.node("MatMul", [kernel, patches(emit, rows, e, e.oh * e.ow, e.o, group)]);
  });
  if (parts.length === 1) return reshape(emit, parts[0]!, shape);
  // The groups' positions go back to their places.
  const order = groups.flatMap(({ targets }) => targets);
  const places: number[] = [];
  order.forEach((target, at) => {
    places[target] = at;
  });
  const joined = reshape(emit, emit.node("Concat", parts, { axis: 1 }), [e.lanes, e.h * e.w, e.c * e.n]);
  return reshape(emit, emit.node("Gather", [joined, emit.ints(places)], { axis: 1 }), shape);
}

/** w from (x, y). */
export function emitWeightAtPositions(window: Window, e: Extents, emit: Emit, x: string, y: string, shape: Shape): string {
  const [all] = outputReads(window, e) as [Group];
  const rows = rowsOf(emit, x, e, e.h * e.w, e.c);
  const outputs = reshape(emit, y, [e.lanes, e.oh * e.ow, e.o, e.n]);
  const each = emit.node("FusedMatMul", [outputs, patches(emit, rows, e, e.h * e.w, e.c, all)], { transA: 0, transB: 1 }, "com.microsoft");
  const sum = emit.node("ReduceSum", [each, emit.ints([1])], { keepdims: 0 });
  const ordered = emit.node("Transpose", [reshape(emit, sum, [...laneShape(e, e.o), e.kh * e.kw, e.c])], {
    perm: e.lanes > 1 ? [0, 1, 3, 2] : [0, 2, 1],
  });
  return reshape(emit, ordered, shape);
}
