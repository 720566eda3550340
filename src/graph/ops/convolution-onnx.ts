import type { Shape } from "../shape.ts";
import type { Extents, Window } from "./convolution-window.ts";
import type { Emit, OnnxContext } from "./rules.ts";

const reshape = (emit: Emit, name: string, shape: Shape): string => emit.node("Reshape", [name, emit.ints(shape)]);

/** Transposes an array of the given shape. If only axes of extent 1 move, it is a reshape. */
function transpose(emit: Emit, name: string, shape: Shape, order: readonly number[]): string {
  const moving = order.filter((axis) => shape[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || axis > moving[i - 1]!))
    return reshape(
      emit,
      name,
      order.map((axis) => shape[axis]!),
    );
  return emit.node("Transpose", [reshape(emit, name, shape)], { perm: order });
}

/** Images [lanes, n, c, h, w] as [n, lanes·c, h, w], which a grouped `Conv` reads. */
const lanesToChannels = (emit: Emit, name: string, e: Extents, c: number, h: number, w: number): string =>
  reshape(emit, transpose(emit, name, [e.lanes, e.n, c, h, w], [1, 0, 2, 3, 4]), [e.n, e.lanes * c, h, w]);

const channelsToLanes = (emit: Emit, name: string, e: Extents, c: number, h: number, w: number, shape: Shape): string =>
  reshape(emit, transpose(emit, name, [e.n, e.lanes, c, h, w], [1, 0, 2, 3, 4]), shape);

/** Converts from the window's layout to channels-first, with the lanes merged into the channels. */
function toChannelsFirst(emit: Emit, name: string, window: Window, e: Extents, c: number, h: number, w: number): string {
  const first = window.layout === "nhwc" ? transpose(emit, name, [e.lanes, e.n, h, w, c], [0, 1, 4, 2, 3]) : name;
  return lanesToChannels(emit, first, e, c, h, w);
}

function fromChannelsFirst(emit: Emit, name: string, window: Window, e: Extents, c: number, h: number, w: number, shape: Shape): string {
  if (window.layout === "nchw") return channelsToLanes(emit, name, e, c, h, w, shape);
  const first = channelsToLanes(emit, name, e, c, h, w, [e.lanes, e.n, c, h, w]);
  return reshape(emit, transpose(emit, first, [e.lanes, e.n, c, h, w], [0, 1, 3, 4, 2]), shape);
}

/** Ungrouped channels-last convolutions run as one gather of rows and one matrix product. */
const asRows = ({ layout, groups }: Window): boolean => layout === "nhwc" && groups === 1;

/**
 * Gathers rows [lanes, n·targets, kernel·channels] from images [lanes, n, sources, channels];
 * position -1 is a row of zeros. `source(target, i, j)` is the position that kernel entry (i, j)
 * reads for a target.
 */
function gatherRows(
  emit: Emit,
  name: string,
  e: Extents,
  sources: number,
  channels: number,
  targets: number,
  source: (target: number, i: number, j: number) => number,
): string {
  const images = e.lanes * e.n;
  const zeroRow = images * sources;
  const indices: number[] = [];
  for (let p = 0; p < images; p++)
    for (let target = 0; target < targets; target++)
      for (let i = 0; i < e.kh; i++)
        for (let j = 0; j < e.kw; j++) {
          const at = source(target, i, j);
          indices.push(at < 0 ? zeroRow : p * sources + at);
        }
  const shape = [...(e.lanes > 1 ? [e.lanes] : []), e.n * targets, e.kh * e.kw * channels];
  const identity = indices.every((index, i) => index === i) && indices.length === zeroRow;
  if (identity) return reshape(emit, name, shape);
  const rows = reshape(emit, name, [zeroRow, channels]);
  const padded = indices.includes(zeroRow)
    ? emit.node("Concat", [rows, emit.floats(new Float32Array(channels), [1, channels])], { axis: 0 })
    : rows;
  return reshape(emit, emit.node("Gather", [padded, emit.ints(indices)], { axis: 0 }), shape);
}

/** Patches of x, with one row per output position. */
const patches = (emit: Emit, x: string, { stride, dilation, pads }: Window, e: Extents): string =>
  gatherRows(emit, x, e, e.h * e.w, e.c, e.oh * e.ow, (target, i, j) => {
    const h = Math.floor(target / e.ow) * stride[0] + i * dilation[0] - pads[0];
    const w = (target % e.ow) * stride[1] + j * dilation[1] - pads[1];
    return h >= 0 && h < e.h && w >= 0 && w < e.w ? h * e.w + w : -1;
  });

/** For each input position, the outputs that use its entry, one per kernel entry. */
const reversePatches = (emit: Emit, y: string, { stride, dilation, pads }: Window, e: Extents): string =>
  gatherRows(emit, y, e, e.oh * e.ow, e.o, e.h * e.w, (target, i, j) => {
    const h = (Math.floor(target / e.w) + pads[0] - i * dilation[0]) / stride[0];
    const w = ((target % e.w) + pads[1] - j * dilation[1]) / stride[1];
    return Number.isInteger(h) && Number.isInteger(w) && h >= 0 && h < e.oh && w >= 0 && w < e.ow ? h * e.ow + w : -1;
  });

const laneShape = (e: Extents, ...shape: number[]): number[] => [...(e.lanes > 1 ? [e.lanes] : []), ...shape];

/** Weights [lanes, o, c, kh, kw] as matrices, with the axes after the lane reordered. */
function weightMatrix(
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

/** y from (x, w). */
export function emitConvolution(window: Window, e: Extents, { names, output, emit }: OnnxContext): string {
  const [x, weight] = names as [string, string];
  if (asRows(window)) {
    const matrix = weightMatrix(emit, weight, e, [2, 3, 1, 0], e.kh * e.kw * e.c, e.o);
    return reshape(emit, emit.node("MatMul", [patches(emit, x, window, e), matrix]), output.shape);
  }
  const y = emit.node(
    "Conv",
    [toChannelsFirst(emit, x, window, e, e.c, e.h, e.w), reshape(emit, weight, [e.lanes * e.o, e.c / window.groups, e.kh, e.kw])],
    { strides: window.stride, dilations: window.dilation, pads: window.pads, group: window.groups * e.lanes, kernel_shape: [e.kh, e.kw] },
  );
  return fromChannelsFirst(emit, y, window, e, e.o, e.oh, e.ow, output.shape);
}

/** x from (y, w). */
export function emitInputGradient(window: Window, e: Extents, { names, output, emit }: OnnxContext): string {
  const [y, weight] = names as [string, string];
  const { stride, dilation, pads, groups } = window;
  if (asRows(window)) {
    const matrix = weightMatrix(emit, weight, e, [2, 3, 0, 1], e.kh * e.kw * e.o, e.c);
    return reshape(emit, emit.node("MatMul", [reversePatches(emit, y, window, e), matrix]), output.shape);
  }
  const cg = e.c / groups;
  const og = e.o / groups;
  const from = toChannelsFirst(emit, y, window, e, e.o, e.oh, e.ow);
  let x: string;
  if (stride[0] === 1 && stride[1] === 1) {
    // A convolution with the kernel rotated by 180° and its channels exchanged.
    const exchanged = transpose(emit, weight, [e.lanes * groups, og, cg, e.kh * e.kw], [0, 2, 1, 3]);
    const turned =
      e.kh * e.kw === 1
        ? exchanged
        : emit.node("Gather", [exchanged, emit.ints(Array.from({ length: e.kh * e.kw }, (_, i) => e.kh * e.kw - 1 - i))], { axis: 3 });
    const around = [dilation[0] * (e.kh - 1), dilation[1] * (e.kw - 1), dilation[0] * (e.kh - 1), dilation[1] * (e.kw - 1)].map(
      (n, i) => n - pads[i]!,
    );
    const cut = around.map((n) => Math.max(0, -n));
    const inside = cut.some((n) => n > 0)
      ? emit.node("Slice", [from, emit.ints([cut[0]!, cut[1]!]), emit.ints([e.oh - cut[2]!, e.ow - cut[3]!]), emit.ints([2, 3])])
      : from;
    x = emit.node("Conv", [inside, reshape(emit, turned, [e.lanes * e.c, og, e.kh, e.kw])], {
      strides: [1, 1],
      dilations: dilation,
      pads: around.map((n) => Math.max(0, n)),
      group: groups * e.lanes,
      kernel_shape: [e.kh, e.kw],
    });
  } else {
    const rest = [e.h, e.w].map(
      (extent, i) => extent - ([e.oh, e.ow][i]! - 1) * stride[i]! - dilation[i]! * ([e.kh, e.kw][i]! - 1) - 1 + pads[i]! + pads[i + 2]!,
    );
    x = emit.node("ConvTranspose", [from, reshape(emit, weight, [e.lanes * e.o, cg, e.kh, e.kw])], {
      strides: stride,
      dilations: dilation,
      pads,
      group: groups * e.lanes,
      kernel_shape: [e.kh, e.kw],
      output_padding: rest,
    });
  }
  return fromChannelsFirst(emit, x, window, e, e.c, e.h, e.w, output.shape);
}

/** w from (x, y). */
export function emitWeightGradient(window: Window, e: Extents, { names, output, emit }: OnnxContext): string {
  const [x, y] = names as [string, string];
  const { stride, dilation, pads, groups } = window;
  if (asRows(window)) {
    const rows = reshape(emit, y, laneShape(e, e.n * e.oh * e.ow, e.o));
    const product = emit.node("FusedMatMul", [rows, patches(emit, x, window, e)], { transA: 1, transB: 0 }, "com.microsoft");
    return reshape(emit, transpose(emit, product, [e.lanes, e.o, e.kh, e.kw, e.c], [0, 1, 4, 2, 3]), output.shape);
  }
  // A convolution of the images with the outputs as kernels: the images act as its channels, and
  // the channels as its images.
  const cg = e.c / groups;
  const og = e.o / groups;
  const all = e.lanes * groups;
  const layoutX = window.layout === "nhwc" ? transpose(emit, x, [e.lanes, e.n, e.h, e.w, e.c], [0, 1, 4, 2, 3]) : x;
  const layoutY = window.layout === "nhwc" ? transpose(emit, y, [e.lanes, e.n, e.oh, e.ow, e.o], [0, 1, 4, 2, 3]) : y;
  const images = reshape(emit, transpose(emit, layoutX, [e.lanes, e.n, groups, cg, e.h * e.w], [3, 0, 2, 1, 4]), [cg, all * e.n, e.h, e.w]);
  const kernels = reshape(emit, transpose(emit, layoutY, [e.lanes, e.n, groups, og, e.oh * e.ow], [0, 2, 3, 1, 4]), [
    all * og,
    e.n,
    e.oh,
    e.ow,
  ]);
  const after = [0, 1].map(
    (i) => [e.kh, e.kw][i]! * dilation[i]! - dilation[i]! + 1 - [e.h, e.w][i]! - pads[i]! + ([e.oh, e.ow][i]! - 1) * stride[i]!,
  );
  const conv = emit.node("Conv", [images, kernels], {
    strides: dilation,
    dilations: stride,
    pads: [pads[0], pads[1], ...after.map((n) => Math.max(0, n))],
    group: all,
    kernel_shape: [e.oh, e.ow],
  });
  // If the strides leave a remainder, the result is longer than the kernel.
  const box = after.some((n) => n < 0) ? emit.node("Slice", [conv, emit.ints([0, 0]), emit.ints([e.kh, e.kw]), emit.ints([2, 3])]) : conv;
  return reshape(emit, transpose(emit, box, [cg, all * og, e.kh, e.kw], [1, 0, 2, 3]), output.shape);
}
