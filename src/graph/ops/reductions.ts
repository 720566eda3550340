import { range, type Shape, sizeOf, stridesOf } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import type { Emit, Family, Rules, Value } from "./rules.ts";

/** The reduced axes, in ascending order. They are removed from the result. */
interface Axes {
  readonly axes: readonly number[];
}

export interface ReductionOps {
  sum: Axes;
  max: Axes;
  argmax: Record<never, never>;
}

const reducedShape = ({ axes }: Axes, [x]: readonly Tensor[]): Shape => x!.shape.filter((_, axis) => !axes.includes(axis));

/**
 * Calls `visit` with the position of each entry and the position of the entry that it is reduced
 * to.
 */
function eachReduced(shape: Shape, axes: readonly number[], visit: (from: number, to: number) => void): void {
  const kept = range(shape.length).filter((axis) => !axes.includes(axis));
  const keptStrides = stridesOf(kept.map((axis) => shape[axis]!));
  const strides = shape.map((_, axis) => (axes.includes(axis) ? 0 : keptStrides[kept.indexOf(axis)]!));
  const counter = new Int32Array(shape.length);
  let to = 0;
  for (let from = 0; from < sizeOf(shape); from++) {
    visit(from, to);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      to += strides[axis]!;
      if (++counter[axis]! < shape[axis]!) break;
      to -= strides[axis]! * shape[axis]!;
      counter[axis] = 0;
    }
  }
}

/** Restores the reduced axes, so that a reduction broadcasts against its operand. */
const kept = (tensor: Tensor, axes: readonly number[], like: Tensor): Tensor =>
  tensor.reshape(like.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)));

/**
 * Longer sums are taken in two stages: one-stage float32 sums over a weight tensor lose three
 * digits.
 */
const blockLength = 512;

/** The largest divisor of n that is at most the block length. */
function blockOf(n: number): number {
  for (let block = Math.min(blockLength, n); block > 1; block--) if (n % block === 0) return block;
  return 1;
}

/** From so many entries on, sums over axes before kept ones run as a product with ones. */
const manyEntries = 2 ** 14;

/**
 * Sums over neighboring axes that have kept ones behind them, as a product with a row of ones:
 * with several threads, ONNX Runtime's own sum takes five to fifty times as long.
 */
function emitSumOfRows(emit: Emit, name: string, shape: Shape, axes: readonly number[]): string {
  const [before, after] = [shape.slice(0, axes[0]), shape.slice(axes.at(-1)! + 1)];
  const rows = axes.reduce((product, axis) => product * shape[axis]!, 1);
  const block = blockOf(rows);
  const parts = rows / block;
  const blocks = emit.node("Reshape", [name, emit.ints([sizeOf(before), parts, block, sizeOf(after)])]);
  const partial = emit.node("MatMul", [emit.floats(new Float32Array(block).fill(1), [1, block]), blocks]);
  if (parts === 1) return emit.node("Reshape", [partial, emit.ints([...before, ...after])]);
  const stacked = emit.node("Reshape", [partial, emit.ints([...before, parts, ...after])]);
  return emitSum(emit, stacked, [...before, parts, ...after], [before.length]);
}

function emitSum(emit: Emit, name: string, shape: Shape, axes: readonly number[]): string {
  const trailing = axes.every((axis, i) => axis === shape.length - axes.length + i);
  const length = axes.reduce((product, axis) => product * shape[axis]!, 1);
  if (trailing && length > blockLength) {
    const outer = shape.slice(0, shape.length - axes.length);
    const block = blockOf(length);
    if (block >= 16) {
      const blocks = emit.node("Reshape", [name, emit.ints([...outer, length / block, block])]);
      const partial = emit.node("ReduceSum", [blocks, emit.ints([outer.length + 1])], { keepdims: 0 });
      return emitSum(emit, partial, [...outer, length / block], [outer.length]);
    }
  }
  const neighbors = axes.every((axis, i) => axis === axes[0]! + i);
  if (!trailing && neighbors && sizeOf(shape) >= manyEntries && blockOf(length) >= 16) return emitSumOfRows(emit, name, shape, axes);
  // Kept axes of extent 1 before the summed ones cost ONNX Runtime ten times the sum.
  const first = axes[0] ?? 0;
  if (first === 0 || trailing || shape.slice(0, first).some((extent) => extent !== 1))
    return emit.node("ReduceSum", [name, emit.ints(axes)], { keepdims: 0 });
  const rows = emit.node("Reshape", [name, emit.ints(shape.slice(first))]);
  const total = emit.node("ReduceSum", [rows, emit.ints(axes.map((axis) => axis - first))], { keepdims: 0 });
  return emit.node("Reshape", [total, emit.ints(shape.filter((_, axis) => !axes.includes(axis)))]);
}

const shifted = ({ axes }: Axes): Axes => ({ axes: axes.map((axis) => axis + 1) });

const sum: Rules<Axes> = {
  shape: reducedShape,
  gradient: ({ axes }, { inputs, cotangent }) => [kept(cotangent, axes, inputs[0]!).expand(inputs[0]!.shape)],
  batch: (attributes, [x]) => apply("sum", shifted(attributes), [x!]),
  onnx: ({ axes }, { names, inputs, emit }) => emitSum(emit, names[0]!, inputs[0]!.shape, axes),
  value: ({ axes }, inputs, { size }) => {
    const x = inputs[0] as Value;
    const out = new Float64Array(size);
    eachReduced(x.shape, axes, (from, to) => {
      out[to]! += x.data[from]!;
    });
    return out;
  },
};

const max: Rules<Axes> = {
  shape: reducedShape,
  gradient: ({ axes }, { inputs, output, cotangent }) => {
    const x = inputs[0]!;
    const ties = x.equal(kept(output, axes, x)).toFloat();
    return [ties.mul(kept(cotangent.div(ties.sum(axes)), axes, x))];
  },
  batch: (attributes, [x]) => apply("max", shifted(attributes), [x!]),
  onnx: ({ axes }, { names, emit }) => emit.node("ReduceMax", [names[0]!, emit.ints(axes)], { keepdims: 0 }),
  value: ({ axes }, inputs, { size }) => {
    const x = inputs[0] as Value;
    const out = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
    eachReduced(x.shape, axes, (from, to) => {
      out[to] = Math.max(out[to]!, x.data[from]!);
    });
    return out;
  },
};

const argmax: Rules<ReductionOps["argmax"]> = {
  shape: (_, [x]) => x!.shape.slice(0, -1),
  dtype: () => "index",
  gradient: () => [undefined],
  batch: (_, [x]) => apply("argmax", {}, [x!]),
  onnx: (_, { names, emit }) => emit.node("ArgMax", names, { axis: -1, keepdims: 0 }),
  value: (_, inputs, { size }) => {
    const { data, shape } = inputs[0] as Value;
    const row = shape.at(-1)!;
    return Float64Array.from({ length: size }, (_, i) => {
      let best = 0;
      for (let j = 1; j < row; j++) if (data[i * row + j]! > data[i * row + best]!) best = j;
      return best;
    });
  },
};

/** Operations that remove axes. */
export const reductions: Family<ReductionOps> = { sum, max, argmax };
