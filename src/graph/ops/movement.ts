import { broadcastShapes, range, type Shape, sameShape, showShape, sizeOf, stridesOf } from "../shape.ts";
import { apply, reduceTo } from "../tensor.ts";
import { transpose as emitTranspose } from "./rearranged.ts";
import { type Family, type Rules, spreadAll, type Value } from "./rules.ts";

export interface MovementOps {
  reshape: { readonly shape: Shape };
  transpose: { readonly order: readonly number[] };
  slice: { readonly starts: readonly number[]; readonly sizes: Shape };
  pad: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number };
  concat: { readonly axis: number };
  expand: { readonly shape: Shape };
}

/** Reads `source` at offset + Σ counter·stride for every position of `shape`. */
function strided(source: Float64Array, shape: Shape, strides: readonly number[], offset = 0): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  const counter = new Int32Array(shape.length);
  let from = offset;
  for (let to = 0; to < out.length; to++) {
    out[to] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++counter[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      counter[axis] = 0;
    }
  }
  return out;
}

const reshape: Rules<MovementOps["reshape"]> = {
  shape: ({ shape }, [x]) => {
    if (sizeOf(shape) !== x!.size) throw new RangeError(`${showShape(x!.shape)} cannot be reshaped to ${showShape(shape)}`);
    return shape;
  },
  dtype: (_, [x]) => x!.dtype,
  gradient: (_, { inputs, cotangent }) => [cotangent.reshape(inputs[0]!.shape)],
  batch: ({ shape }, [x], _, lanes) => x!.reshape([lanes, ...shape]),
  onnx: ({ shape }, { names, emit }) => emit.node("Reshape", [names[0]!, emit.ints(shape)]),
  value: (_, [x]) => x!.data,
};

const transpose: Rules<MovementOps["transpose"]> = {
  shape: ({ order }, [x]) => {
    if (order.length !== x!.rank) throw new RangeError(`order ${showShape(order)} does not fit ${showShape(x!.shape)}`);
    return order.map((axis) => x!.shape[axis]!);
  },
  dtype: (_, [x]) => x!.dtype,
  gradient: ({ order }, { cotangent }) => [cotangent.transpose(range(order.length).map((axis) => order.indexOf(axis)))],
  batch: ({ order }, [x]) => x!.transpose([0, ...order.map((axis) => axis + 1)]),
  onnx: ({ order }, { names, inputs, emit }) => emitTranspose(emit, names[0]!, inputs[0]!.shape, order, true),
  value: ({ order }, inputs, { shape }) => {
    const x = inputs[0] as Value;
    const strides = stridesOf(x.shape);
    return strided(
      x.data,
      shape,
      order.map((axis) => strides[axis]!),
    );
  },
};

const slice: Rules<MovementOps["slice"]> = {
  shape: ({ starts, sizes }, [x]) => {
    if (sizes.some((n, i) => starts[i]! < 0 || starts[i]! + n > x!.shape[i]!))
      throw new RangeError(`a box of ${showShape(sizes)} at ${showShape(starts)} leaves ${showShape(x!.shape)}`);
    return sizes;
  },
  dtype: (_, [x]) => x!.dtype,
  gradient: ({ starts, sizes }, { inputs, cotangent }) => [
    cotangent.pad(
      starts,
      sizes.map((n, i) => inputs[0]!.shape[i]! - starts[i]! - n),
    ),
  ],
  batch: ({ starts, sizes }, [x], _, lanes) => x!.slice([0, ...starts], [lanes, ...sizes]),
  onnx: ({ starts, sizes }, { names, inputs, emit }) => {
    const axes = range(sizes.length).filter((axis) => sizes[axis] !== inputs[0]!.shape[axis]);
    return emit.node("Slice", [
      names[0]!,
      emit.ints(axes.map((axis) => starts[axis]!)),
      emit.ints(axes.map((axis) => starts[axis]! + sizes[axis]!)),
      emit.ints(axes),
    ]);
  },
  value: ({ starts }, inputs, { shape }) => {
    const x = inputs[0] as Value;
    const strides = stridesOf(x.shape);
    const offset = starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
    return strided(x.data, shape, strides, offset);
  },
};

const pad: Rules<MovementOps["pad"]> = {
  shape: ({ before, after }, [x]) => x!.shape.map((extent, axis) => before[axis]! + extent + after[axis]!),
  gradient: ({ before }, { inputs, cotangent }) => [cotangent.slice(before, inputs[0]!.shape)],
  batch: ({ before, after, value }, [x]) => x!.pad([0, ...before], [0, ...after], value),
  onnx: ({ before, after, value }, { names, emit }) =>
    emit.node("Pad", [names[0]!, emit.ints([...before, ...after]), emit.floats([value], [])], { mode: "constant" }),
  value: ({ before, value }, inputs, { shape, size }) => {
    const x = inputs[0] as Value;
    const out = new Float64Array(size).fill(value);
    const strides = stridesOf(shape);
    const start = before.reduce((sum, n, axis) => sum + n * strides[axis]!, 0);
    const counter = new Int32Array(shape.length);
    let to = start;
    for (const entry of x.data) {
      out[to] = entry;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        to += strides[axis]!;
        if (++counter[axis]! < x.shape[axis]!) break;
        to -= strides[axis]! * x.shape[axis]!;
        counter[axis] = 0;
      }
    }
    return out;
  },
};

const concat: Rules<MovementOps["concat"]> = {
  shape: ({ axis }, inputs) => {
    const first = inputs[0]!.shape;
    for (const { shape } of inputs)
      if (!sameShape(shape.with(axis, 0), first.with(axis, 0)))
        throw new RangeError(`${showShape(shape)} and ${showShape(first)} cannot be joined along axis ${axis}`);
    return first.with(
      axis,
      inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0),
    );
  },
  dtype: (_, [x]) => x!.dtype,
  gradient: ({ axis }, { inputs, cotangent }) => {
    let start = 0;
    return inputs.map((tensor) => {
      const end = start + tensor.shape[axis]!;
      const part = cotangent.range(axis, start, end);
      start = end;
      return part;
    });
  },
  batch: ({ axis }, inputs, batched, lanes) => apply("concat", { axis: axis + 1 }, spreadAll(inputs, batched, lanes)),
  onnx: ({ axis }, { names, emit }) => emit.node("Concat", names, { axis }),
  value: ({ axis }, inputs, { shape, size }) => {
    const out = new Float64Array(size);
    const outer = sizeOf(shape.slice(0, axis));
    const row = sizeOf(shape.slice(axis));
    let column = 0;
    for (const { shape: own, data } of inputs) {
      const length = sizeOf(own.slice(axis));
      for (let i = 0; i < outer; i++) out.set(data.subarray(i * length, (i + 1) * length), i * row + column);
      column += length;
    }
    return out;
  },
};

const expand: Rules<MovementOps["expand"]> = {
  shape: ({ shape }, [x]) => {
    if (!sameShape(broadcastShapes(x!.shape, shape), shape))
      throw new RangeError(`${showShape(x!.shape)} does not expand to ${showShape(shape)}`);
    return shape;
  },
  dtype: (_, [x]) => x!.dtype,
  gradient: (_, { inputs, cotangent }) => [reduceTo(cotangent, inputs[0]!.shape)],
  batch: ({ shape }, [x], _, lanes) =>
    x!.reshape([lanes, ...new Array<number>(shape.length - x!.rank + 1).fill(1), ...x!.shape.slice(1)]).expand([lanes, ...shape]),
  onnx: ({ shape }, { names, emit }) => emit.node("Expand", [names[0]!, emit.ints(shape)]),
  value: (_, inputs, { shape }) => {
    const x = inputs[0] as Value;
    const own = stridesOf(x.shape);
    const extra = shape.length - x.shape.length;
    return strided(
      x.data,
      shape,
      shape.map((_, axis) => (axis < extra || x.shape[axis - extra] === 1 ? 0 : own[axis - extra]!)),
    );
  },
};

/** Operations that move entries but do not change them. */
export const movement: Family<MovementOps> = { reshape, transpose, slice, pad, concat, expand };
