import type { Shape } from "../shape.ts";
import { emitAtPositions, emitInputAtPositions, emitWeightAtPositions } from "./convolution-positions.ts";
import { axesOf, type Extents, inputSource, outputSource, type Source, type Window } from "./convolution-window.ts";
import { laneShape, reshape, transpose, weightMatrix } from "./rearranged.ts";
import type { Emit, OnnxContext } from "./rules.ts";

/** Images [lanes, n, c, h, w] as [n, lanes·c, h, w], which a grouped `Conv` reads. */
const lanesToChannels = (emit: Emit, name: string, e: Extents, c: number, h: number, w: number): string =>
  reshape(emit, transpose(emit, name, [e.lanes, e.n, c, h, w], [1, 0, 2, 3, 4]), [e.n, e.lanes * c, h, w]);

const channelsToLanes = (emit: Emit, name: string, e: Extents, c: number, h: number, w: number, shape: Shape): string =>
  reshape(emit, transpose(emit, name, [e.n, e.lanes, c, h, w], [1, 0, 2, 3, 4]), shape);

/** Converts from the window's layout to [lanes, n, c, h, w]. */
function channelsFirst(emit: Emit, name: string, { layout }: Window, e: Extents, c: number, h: number, w: number): string {
  const extents = { n: e.n, c, h, w };
  const shape = [...layout].map((axis) => extents[axis as keyof typeof extents]);
  return transpose(emit, name, [e.lanes, ...shape], [0, ...axesOf(layout).map((axis) => axis + 1)]);
}

/** Converts from the window's layout to channels-first, with the lanes merged into the channels. */
function toChannelsFirst(emit: Emit, name: string, window: Window, e: Extents, c: number, h: number, w: number): string {
  return lanesToChannels(emit, channelsFirst(emit, name, window, e, c, h, w), e, c, h, w);
}

function fromChannelsFirst(emit: Emit, name: string, window: Window, e: Extents, c: number, h: number, w: number, shape: Shape): string {
  const first = channelsToLanes(emit, name, e, c, h, w, [e.lanes, e.n, c, h, w]);
  const order = [...window.layout].map((axis) => 1 + "nchw".indexOf(axis));
  return reshape(emit, transpose(emit, first, [e.lanes, e.n, c, h, w], [0, ...order]), shape);
}

/** Ungrouped channels-last convolutions run as one gather of rows and one matrix product. */
const asRows = ({ layout, groups }: Window): boolean => layout === "nhwc" && groups === 1;

/** Ungrouped convolutions with the images last run as a gather of positions and a matrix product. */
const byPositions = ({ layout, groups }: Window): boolean => layout === "hwcn" && groups === 1;

/**
 * How many entries of patches are made at one time: they stay in a processor's cache until the
 * product that reads them.
 */
const together = 2 ** 20;

/** The images whose patches of so many entries an image are made at one time: a divisor of all. */
function blockOf({ lanes, n, kh, kw }: Extents, entries: number): number {
  // Patches of a kernel of one entry are the images.
  if (lanes > 1 || kh * kw === 1) return n;
  let block = Math.max(1, Math.min(n, Math.floor(together / entries)));
  while (n % block !== 0) block--;
  return block;
}

/** The rows of some images, of `width` entries each, in blocks of so many images. */
function blocks(emit: Emit, name: string, e: Extents, block: number, rows: number, width: number): readonly string[] {
  const all = reshape(emit, name, [e.lanes * e.n * rows, width]);
  if (block === e.n) return [all];
  return Array.from({ length: e.n / block }, (_, i) =>
    emit.node("Slice", [all, emit.ints([i * block * rows]), emit.ints([(i + 1) * block * rows]), emit.ints([0])]),
  );
}

/** Where rows come from: images of so many positions and channels, and the number of rows of one. */
interface Gathering {
  readonly sources: number;
  readonly channels: number;
  readonly targets: number;
  readonly source: Source;
  /**
   * Whether a row has its kernel's columns before its rows. Equal patches are made once and kept;
   * those that are needed much later are better made again, and so have another order.
   */
  readonly turned?: boolean;
}

/**
 * Gathers rows [lanes, images·targets, kernel·channels] from images [lanes, images, sources,
 * channels], block by block. A position outside an image is a row of zeros.
 */
function gatherRows(
  emit: Emit,
  name: string,
  e: Extents,
  { sources, channels, targets, source, turned = false }: Gathering,
): readonly string[] {
  const size = e.kh * e.kw;
  const block = blockOf(e, targets * size * channels);
  const images = e.lanes * block;
  const zeroRow = images * sources;
  const positions: number[] = [];
  for (let target = 0; target < targets; target++)
    for (let k = 0; k < size; k++)
      positions.push(turned ? source(target, k % e.kh, Math.floor(k / e.kh)) : source(target, Math.floor(k / e.kw), k % e.kw));
  const indices: number[] = [];
  for (let p = 0; p < images; p++) for (const at of positions) indices.push(at < 0 ? zeroRow : p * sources + at);
  const shape = laneShape(e, block * targets, size * channels);
  const identity = indices.every((index, i) => index === i) && indices.length === zeroRow;
  const padded = indices.includes(zeroRow);
  return blocks(emit, name, e, block, sources, channels).map((rows) => {
    if (identity) return reshape(emit, rows, shape);
    const all = padded ? emit.node("Concat", [rows, emit.floats(new Float32Array(channels), [1, channels])], { axis: 0 }) : rows;
    return reshape(emit, emit.node("Gather", [all, emit.ints(indices)], { axis: 0 }), shape);
  });
}

/** Blocks of rows, one after the other. */
const joined = (emit: Emit, parts: readonly string[]): string => (parts.length === 1 ? parts[0]! : emit.node("Concat", parts, { axis: 0 }));

/** Patches of x, with one row per output position. */
const patches = (emit: Emit, x: string, window: Window, e: Extents, turned = false): readonly string[] =>
  gatherRows(emit, x, e, { sources: e.h * e.w, channels: e.c, targets: e.oh * e.ow, turned, source: outputSource(window, e) });

/** For each input position, the outputs that use its entry, one per kernel entry. */
function reversePatches(emit: Emit, y: string, window: Window, e: Extents): readonly string[] {
  const source = inputSource(window, e);
  return gatherRows(emit, y, e, {
    sources: e.oh * e.ow,
    channels: e.o,
    targets: e.h * e.w,
    source: (...at) => source(...at) ?? -1,
  });
}

/** y from (x, w), and from a number a channel to add, where there are no lanes. */
export function emitConvolution(window: Window, e: Extents, { names, output, emit }: OnnxContext): string {
  const [x, weight, added] = names as [string, string, string?];
  if (byPositions(window)) return emitAtPositions(window, e, emit, x, weight, added, output.shape);
  const bias = added === undefined ? [] : [reshape(emit, added, [e.o])];
  if (asRows(window)) {
    const matrix = weightMatrix(emit, weight, e, [2, 3, 1, 0], e.kh * e.kw * e.c, e.o);
    const product = added === undefined ? "MatMul" : "Gemm";
    const parts = patches(emit, x, window, e).map((rows) => emit.node(product, [rows, matrix, ...bias]));
    return reshape(emit, joined(emit, parts), output.shape);
  }
  const y = emit.node(
    "Conv",
    [toChannelsFirst(emit, x, window, e, e.c, e.h, e.w), reshape(emit, weight, [e.lanes * e.o, e.c / window.groups, e.kh, e.kw]), ...bias],
    { strides: window.stride, dilations: window.dilation, pads: window.pads, group: window.groups * e.lanes, kernel_shape: [e.kh, e.kw] },
  );
  return fromChannelsFirst(emit, y, window, e, e.o, e.oh, e.ow, output.shape);
}

/** x from (y, w). */
export function emitInputGradient(window: Window, e: Extents, { names, output, emit }: OnnxContext): string {
  const [y, weight] = names as [string, string];
  const { stride, dilation, pads, groups } = window;
  if (byPositions(window)) return emitInputAtPositions(window, e, emit, y, weight, output.shape);
  if (asRows(window)) {
    const matrix = weightMatrix(emit, weight, e, [2, 3, 0, 1], e.kh * e.kw * e.o, e.c);
    const parts = reversePatches(emit, y, window, e).map((rows) => emit.node("MatMul", [rows, matrix]));
    return reshape(emit, joined(emit, parts), output.shape);
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

/**
 * From so many images and channels on, the weights' gradient of a convolution is faster as a
 * product of rows, whatever the layout.
 */
const manyImages = 8;
const manyChannels = 8;

/** w from (x, y). */
export function emitWeightGradient(window: Window, e: Extents, { names, output, emit }: OnnxContext): string {
  const [x, y] = names as [string, string];
  const { stride, dilation, pads, groups } = window;
  if (byPositions(window)) return emitWeightAtPositions(window, e, emit, x, y, output.shape);
  if (asRows(window) || (window.layout === "nchw" && e.lanes * groups === 1 && e.n >= manyImages && e.c >= manyChannels)) {
    const channelsLast = (name: string, c: number, h: number, w: number) =>
      window.layout === "nhwc" ? name : transpose(emit, name, [e.n, c, h, w], [0, 2, 3, 1]);
    const rows = patches(emit, channelsLast(x, e.c, e.h, e.w), window, e, true);
    const targets = e.oh * e.ow;
    const block = e.n / rows.length;
    const parts = blocks(emit, channelsLast(y, e.o, e.oh, e.ow), e, block, targets, e.o).map((outputs, i) =>
      emit.node(
        "FusedMatMul",
        [reshape(emit, outputs, laneShape(e, block * targets, e.o)), rows[i]!],
        { transA: 1, transB: 0 },
        "com.microsoft",
      ),
    );
    const sum = parts.length === 1 ? parts[0]! : emit.node("Sum", parts);
    return reshape(emit, transpose(emit, sum, [e.lanes, e.o, e.kw, e.kh, e.c], [0, 1, 4, 3, 2]), output.shape);
  }
  // A convolution of the images with the outputs as kernels: the images act as its channels, and
  // the channels as its images.
  const cg = e.c / groups;
  const og = e.o / groups;
  const all = e.lanes * groups;
  const layoutX = channelsFirst(emit, x, window, e, e.c, e.h, e.w);
  const layoutY = channelsFirst(emit, y, window, e, e.o, e.oh, e.ow);
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
