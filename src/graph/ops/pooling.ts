import { type Shape, sizeOf } from "../shape.ts";
import { apply } from "../tensor.ts";
import type { Emit, Family, Rules, Value } from "./rules.ts";

type Pair = readonly [number, number];

/**
 * Windows of size `kernel`, every `stride`, over the last two axes. All windows lie inside; padding
 * is a separate operation.
 */
interface Pool {
  readonly kernel: Pair;
  readonly stride: Pair;
}

export interface PoolingOps {
  /** The mean of each window. */
  meanPool: Pool;
  /** The transpose of the mean. `size` is the height and width of its result. */
  meanPoolTranspose: Pool & { readonly size: Pair };
  /**
   * The position of each window's maximum in its plane (row-major). Among equal entries, the first
   * one counts, as in PyTorch.
   */
  maxRoute: Pool;
}

const pooled = ({ kernel, stride }: Pool, h: number, w: number): Pair => [
  Math.floor((h - kernel[0]) / stride[0]) + 1,
  Math.floor((w - kernel[1]) / stride[1]) + 1,
];

const pooledShape = (pool: Pool, shape: Shape): Shape => {
  const [h, w] = shape.slice(-2) as [number, number];
  const [oh, ow] = pooled(pool, h, w);
  if (oh < 1 || ow < 1) throw new RangeError(`a window of ${pool.kernel.join("×")} does not fit into ${h}×${w}`);
  return [...shape.slice(0, -2), oh, ow];
};

/**
 * Calls `visit` with the number of each window and the position of each of its entries, row-major.
 */
function eachWindow({ kernel, stride }: Pool, h: number, w: number, visit: (window: number, at: number) => void): void {
  const [oh, ow] = pooled({ kernel, stride }, h, w);
  for (let i = 0; i < oh; i++)
    for (let j = 0; j < ow; j++)
      for (let p = 0; p < kernel[0]; p++)
        for (let q = 0; q < kernel[1]; q++) visit(i * ow + j, (i * stride[0] + p) * w + j * stride[1] + q);
}

const planes = (emit: Emit, name: string, shape: Shape): string =>
  emit.node("Reshape", [name, emit.ints([1, sizeOf(shape.slice(0, -2)), ...shape.slice(-2)])]);

/** The [from, to] matrix of the mean along one axis. */
function meanMatrix(from: number, to: number, kernel: number, stride: number): Float32Array {
  const matrix = new Float32Array(from * to);
  for (let i = 0; i < to; i++) for (let p = 0; p < kernel; p++) matrix[(i * stride + p) * to + i] = 1 / kernel;
  return matrix;
}

const meanPool: Rules<Pool> = {
  shape: (pool, [x]) => pooledShape(pool, x!.shape),
  gradient: (pool, { inputs, cotangent }) => [
    apply("meanPoolTranspose", { ...pool, size: inputs[0]!.shape.slice(-2) as unknown as Pair }, [cotangent]),
  ],
  batch: (pool, [x]) => apply("meanPool", pool, [x!]),
  onnx: ({ kernel, stride }, { names, inputs, output, emit }) => {
    const means = emit.node("AveragePool", [planes(emit, names[0]!, inputs[0]!.shape)], { kernel_shape: kernel, strides: stride });
    return emit.node("Reshape", [means, emit.ints(output.shape)]);
  },
  value: (pool, inputs, { size, shape }) => {
    const x = inputs[0] as Value;
    const [h, w] = x.shape.slice(-2) as [number, number];
    const windows = sizeOf(shape.slice(-2));
    const out = new Float64Array(size);
    const share = 1 / (pool.kernel[0] * pool.kernel[1]);
    for (let plane = 0; plane < size / windows; plane++)
      eachWindow(pool, h, w, (window, at) => {
        out[plane * windows + window]! += x.data[plane * h * w + at]! * share;
      });
    return out;
  },
};

const meanPoolTranspose: Rules<PoolingOps["meanPoolTranspose"]> = {
  shape: ({ size }, [y]) => [...y!.shape.slice(0, -2), ...size],
  gradient: ({ kernel, stride }, { cotangent }) => [apply("meanPool", { kernel, stride }, [cotangent])],
  batch: (attributes, [y]) => apply("meanPoolTranspose", attributes, [y!]),
  onnx: ({ kernel, stride, size }, { names, inputs, output, emit }) => {
    // Two products with constant matrices, one per axis: Y → A · Y · Bᵀ.
    const [oh, ow] = inputs[0]!.shape.slice(-2) as [number, number];
    const rows = emit.node("Reshape", [names[0]!, emit.ints([-1, ow])]);
    const across = emit.node(
      "FusedMatMul",
      [rows, emit.floats(meanMatrix(size[1], ow, kernel[1], stride[1]), [size[1], ow])],
      { transA: 0, transB: 1 },
      "com.microsoft",
    );
    const columns = emit.node("Reshape", [across, emit.ints([-1, oh, size[1]])]);
    const down = emit.node("MatMul", [emit.floats(meanMatrix(size[0], oh, kernel[0], stride[0]), [size[0], oh]), columns]);
    return emit.node("Reshape", [down, emit.ints(output.shape)]);
  },
  value: ({ size, ...pool }, inputs, output) => {
    const y = inputs[0] as Value;
    const windows = sizeOf(y.shape.slice(-2));
    const [h, w] = size;
    const out = new Float64Array(output.size);
    const share = 1 / (pool.kernel[0] * pool.kernel[1]);
    for (let plane = 0; plane * windows < y.data.length; plane++)
      eachWindow(pool, h, w, (window, at) => {
        out[plane * h * w + at]! += y.data[plane * windows + window]! * share;
      });
    return out;
  },
};

const maxRoute: Rules<Pool> = {
  shape: (pool, [x]) => pooledShape(pool, x!.shape),
  dtype: () => "index",
  gradient: () => [undefined],
  batch: (pool, [x]) => apply("maxRoute", pool, [x!]),
  onnx: ({ kernel, stride }, { names, inputs, output, emit }) => {
    const shape = inputs[0]!.shape;
    const count = sizeOf(shape.slice(0, -2));
    const plane = sizeOf(shape.slice(-2));
    const [, positions] = emit.nodes("MaxPool", 2, [planes(emit, names[0]!, shape)], { kernel_shape: kernel, strides: stride });
    const starts = emit.ints(
      Array.from({ length: count }, (_, i) => i * plane),
      [1, count, 1, 1],
    );
    return emit.node("Reshape", [emit.node("Sub", [positions!, starts]), emit.ints(output.shape)]);
  },
  value: (pool, inputs, { size, shape }) => {
    const x = inputs[0] as Value;
    const [h, w] = x.shape.slice(-2) as [number, number];
    const windows = sizeOf(shape.slice(-2));
    const out = new Float64Array(size).fill(-1);
    for (let plane = 0; plane < size / windows; plane++)
      eachWindow(pool, h, w, (window, at) => {
        const best = out[plane * windows + window]!;
        if (best < 0 || x.data[plane * h * w + at]! > x.data[plane * h * w + best]!) out[plane * windows + window] = at;
      });
    return out;
  },
};

/** Pooling over the last two axes. */
export const pooling: Family<PoolingOps> = { meanPool, meanPoolTranspose, maxRoute };
