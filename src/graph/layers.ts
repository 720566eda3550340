import { axesOf, type Layout } from "./ops/convolution-window.ts";
import { range } from "./shape.ts";
import { apply, constant, type Tensor } from "./tensor.ts";

type Pair = readonly [number, number];

const pair = (value: number | Pair): Pair => (typeof value === "number" ? [value, value] : value);

/** Images [n, c, h, w] with their axes in the order of a layout. */
export const inLayout = (layout: Layout, images: Tensor): Tensor =>
  layout === "nchw" ? images : images.transpose([...layout].map((axis) => "nchw".indexOf(axis)));

/** Images of a layout as [n, c, h, w]. */
export const channelsFirst = (layout: Layout, images: Tensor): Tensor => (layout === "nchw" ? images : images.transpose(axesOf(layout)));

/** Options of a convolution, by PyTorch's rules. */
export interface ConvolutionOptions {
  readonly stride?: number | Pair;
  /** Zeros around the image: one number, [vertical, horizontal], or [top, left, bottom, right]. */
  readonly padding?: number | Pair | readonly [number, number, number, number];
  readonly dilation?: number | Pair;
  readonly groups?: number;
  /**
   * The axes of images: [n, c, h, w] (the default), [n, h, w, c], which is faster from about 64
   * channels on, or [h, w, c, n], which is faster for many images with few channels.
   */
  readonly layout?: Layout;
}

/**
 * 2-D convolution (cross-correlation, as in PyTorch) of images with weights [out, in / groups,
 * kernel height, kernel width].
 */
export function conv2d(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, layout = "nchw" } = options;
  const pads =
    typeof padding === "number"
      ? ([padding, padding, padding, padding] as const)
      : padding.length === 2
        ? ([padding[0], padding[1], padding[0], padding[1]] as const)
        : padding;
  return apply("conv", { stride: pair(stride), dilation: pair(dilation), pads, groups, layout, lanes: false }, [x, weight]);
}

/** Options of pooling over the last two axes of [n, c, h, w], by PyTorch's rules. */
export interface PoolOptions {
  readonly kernel: number | Pair;
  /** The stride; equal to the kernel by default. */
  readonly stride?: number | Pair;
  readonly padding?: number | Pair;
  /** Whether to keep windows that begin inside the image or its left padding but end outside. */
  readonly ceilMode?: boolean;
  /** Whether padding counts in a mean; true by default. */
  readonly countIncludePad?: boolean;
}

/**
 * The windows of one axis: the padding after the image that makes all windows lie inside, and the
 * number of entries that each window covers.
 */
function windows(extent: number, kernel: number, stride: number, padding: number, ceilMode: boolean) {
  if (padding * 2 > kernel) throw new RangeError(`padding ${padding} is more than half of the window ${kernel}`);
  const steps = (extent + 2 * padding - kernel) / stride;
  let count = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
  // A window that begins in the right padding is dropped.
  if (ceilMode && (count - 1) * stride >= extent + padding) count--;
  const after = Math.max(0, (count - 1) * stride + kernel - extent - padding);
  const covers = range(count).map((i) => {
    const start = i * stride - padding;
    const end = Math.min(start + kernel, extent + padding);
    return { padded: end - start, inside: Math.min(end, extent) - Math.max(start, 0) };
  });
  return { after, covers };
}

function geometry(x: Tensor, { kernel, stride = kernel, padding = 0, ceilMode = false }: PoolOptions) {
  const [k, s, p] = [pair(kernel), pair(stride), pair(padding)];
  const rows = windows(x.shape.at(-2)!, k[0], s[0], p[0], ceilMode);
  const columns = windows(x.shape.at(-1)!, k[1], s[1], p[1], ceilMode);
  const lead = new Array<number>(x.rank - 2).fill(0);
  const padded = (value: number) => x.pad([...lead, ...p], [...lead, rows.after, columns.after], value);
  return { pool: { kernel: k, stride: s }, rows, columns, padded };
}

/** The mean of each window. */
export function averagePool2d(x: Tensor, options: PoolOptions): Tensor {
  const { pool, rows, columns, padded } = geometry(x, options);
  const means = apply("meanPool", pool, [padded(0)]);
  const count = options.countIncludePad === false ? "inside" : "padded";
  const area = pool.kernel[0] * pool.kernel[1];
  const scale = rows.covers.flatMap((row) => columns.covers.map((column) => area / (row[count] * column[count])));
  return scale.every((factor) => factor === 1) ? means : means.mul(constant(scale, [rows.covers.length, columns.covers.length]));
}

/** The maximum of each window. Among equal entries, the first one passes the derivative on. */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  const { pool, padded } = geometry(x, options);
  const all = padded(Number.NEGATIVE_INFINITY);
  const route = apply("maxRoute", pool, [all]);
  const [h, w] = route.shape.slice(-2) as [number, number];
  const lead = all.shape.slice(0, -2);
  const entries = all.reshape([...lead, -1]).take(route.reshape([...lead, h * w]));
  return entries.reshape(route.shape);
}
