import { type Shape, showShape, sizeOf } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { type Family, type Rules, spreadAll, type Value } from "./rules.ts";

export interface IndexingOps {
  gather: { readonly axis: number; readonly indices: Int32Array };
  scatter: { readonly axis: number; readonly indices: Int32Array; readonly size: number };
  take: Record<never, never>;
  put: { readonly size: number };
}

const gather: Rules<IndexingOps["gather"]> = {
  shape: ({ axis, indices }, [x]) => x!.shape.with(axis, indices.length),
  dtype: (_, [x]) => x!.dtype,
  gradient: ({ axis, indices }, { inputs, cotangent }) => [cotangent.scatter(axis, indices, inputs[0]!.shape[axis]!)],
  batch: ({ axis, indices }, [x]) => apply("gather", { axis: axis + 1, indices }, [x!]),
  onnx: ({ axis, indices }, { names, emit }) => emit.node("Gather", [names[0]!, emit.ints(indices)], { axis }),
  value: ({ axis, indices }, inputs, { size }) => {
    const { shape, data } = inputs[0] as Value;
    const out = new Float64Array(size);
    const inner = sizeOf(shape.slice(axis + 1));
    const extent = shape[axis]!;
    for (let outer = 0; outer < sizeOf(shape.slice(0, axis)); outer++)
      indices.forEach((index, i) => {
        const from = (outer * extent + index) * inner;
        out.set(data.subarray(from, from + inner), (outer * indices.length + i) * inner);
      });
    return out;
  },
};

/**
 * For each target, the sources that are added to it, padded with `none` to equal length; row-major
 * [depth, size].
 */
function sourcesOf(indices: Int32Array, size: number, none: number): { depth: number; table: Int32Array } {
  const sources: number[][] = Array.from({ length: size }, () => []);
  indices.forEach((index, i) => {
    sources[index]!.push(i);
  });
  const depth = sources.reduce((most, { length }) => Math.max(most, length), 1);
  const table = new Int32Array(depth * size).fill(none);
  sources.forEach((list, target) => {
    list.forEach((source, level) => {
      table[level * size + target] = source;
    });
  });
  return { depth, table };
}

const scatter: Rules<IndexingOps["scatter"]> = {
  shape: ({ axis, size }, [x]) => x!.shape.with(axis, size),
  gradient: ({ axis, indices }, { cotangent }) => [cotangent.gather(axis, indices)],
  batch: ({ axis, indices, size }, [x]) => apply("scatter", { axis: axis + 1, indices, size }, [x!]),
  onnx: ({ axis, indices, size }, { names, inputs, emit }) => {
    // Emitted as a gather from the other side: each target reads its sources, or a row of zeros.
    const shape = inputs[0]!.shape;
    const { depth, table } = sourcesOf(indices, size, indices.length);
    const zeros = shape.with(axis, 1);
    const padded = table.includes(indices.length)
      ? emit.node("Concat", [names[0]!, emit.floats(new Float32Array(sizeOf(zeros)), zeros)], { axis })
      : names[0]!;
    const rows = emit.node("Gather", [padded, emit.ints(table)], { axis });
    if (depth === 1) return rows;
    const split = emit.node("Reshape", [rows, emit.ints([...shape.slice(0, axis), depth, size, ...shape.slice(axis + 1)])]);
    return emit.node("ReduceSum", [split, emit.ints([axis])], { keepdims: 0 });
  },
  value: ({ axis, indices, size }, inputs, { size: total }) => {
    const { shape, data } = inputs[0] as Value;
    const out = new Float64Array(total);
    const inner = sizeOf(shape.slice(axis + 1));
    for (let outer = 0; outer < sizeOf(shape.slice(0, axis)); outer++)
      indices.forEach((index, i) => {
        const from = (outer * indices.length + i) * inner;
        const to = (outer * size + index) * inner;
        for (let k = 0; k < inner; k++) out[to + k]! += data[from + k]!;
      });
    return out;
  },
};

const sameRows = (x: Tensor, index: Tensor): Shape => {
  if (index.dtype !== "index" || x.rank !== index.rank || x.shape.slice(0, -1).some((extent, axis) => extent !== index.shape[axis]))
    throw new RangeError(`an index of ${showShape(index.shape)} does not point into ${showShape(x.shape)}`);
  return x.shape.slice(0, -1);
};

const take: Rules<IndexingOps["take"]> = {
  shape: (_, [x, index]) => [...sameRows(x!, index!), index!.shape.at(-1)!],
  gradient: (_, { inputs, cotangent }) => [cotangent.put(inputs[1]!, inputs[0]!.shape.at(-1)!), undefined],
  batch: (_, inputs, batched, lanes) => apply("take", {}, spreadAll(inputs, batched, lanes)),
  onnx: (_, { names, emit }) => emit.node("GatherElements", names, { axis: -1 }),
  value: (_, inputs, { size }) => {
    const [x, index] = inputs as [Value, Value];
    const n = x.shape.at(-1)!;
    const m = index.shape.at(-1)!;
    return Float64Array.from({ length: size }, (_, i) => x.data[Math.floor(i / m) * n + index.data[i]!]!);
  },
};

const put: Rules<IndexingOps["put"]> = {
  shape: ({ size }, [x, index]) => {
    sameRows(x!, index!);
    return x!.shape.with(-1, size);
  },
  gradient: (_, { inputs, cotangent }) => [cotangent.take(inputs[1]!), undefined],
  batch: ({ size }, inputs, batched, lanes) => apply("put", { size }, spreadAll(inputs, batched, lanes)),
  onnx: (_, { names, output, emit }) => {
    const zeros = emit.node("ConstantOfShape", [emit.ints(output.shape)]);
    return emit.node("ScatterElements", [zeros, names[1]!, names[0]!], { axis: -1, reduction: "add" });
  },
  value: ({ size }, inputs, { size: total }) => {
    const [x, index] = inputs as [Value, Value];
    const out = new Float64Array(total);
    const m = x.shape.at(-1)!;
    x.data.forEach((entry, i) => {
      out[Math.floor(i / m) * size + index.data[i]!]! += entry;
    });
    return out;
  },
};

/**
 * Reading and adding at positions: fixed ones (gather, scatter) or computed ones (take, put). In
 * each pair, one is the transpose of the other.
 */
export const indexing: Family<IndexingOps> = { gather, scatter, take, put };
