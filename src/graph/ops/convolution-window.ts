import { type Shape, showShape } from "../shape.ts";

export type Pair = readonly [number, number];

/** Orders of the axes of images: `n` images, `c` channels, height, width. */
export type Layout = "nchw" | "nhwc" | "hwcn";

/** Of the axes of a layout, where the images, the channels, the height and the width are. */
export const axesOf = (layout: Layout): readonly [number, number, number, number] =>
  ["n", "c", "h", "w"].map((axis) => layout.indexOf(axis)) as unknown as readonly [number, number, number, number];

/** How a kernel moves over an image. */
export interface Window {
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Zeros added: top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly groups: number;
  /** The order of the axes of images. Weights are [out, in / groups, kernel height, kernel width]. */
  readonly layout: Layout;
  /** Both operands and the result have a leading lane axis. */
  readonly lanes: boolean;
}

/** Extents of the form: n images, c channels in, o out, h × w in, oh × ow out, kh × kw kernel. */
export interface Extents {
  readonly lanes: number;
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly o: number;
  readonly oh: number;
  readonly ow: number;
  readonly kh: number;
  readonly kw: number;
}

const image = ({ layout, lanes }: Window, shape: Shape) => {
  const own = shape.slice(lanes ? 1 : 0);
  const [n, c, h, w] = axesOf(layout).map((axis) => own[axis]!) as [number, number, number, number];
  return { n, c, h, w };
};
export const imageShape = ({ layout, lanes }: Window, count: number, n: number, c: number, h: number, w: number): Shape => {
  const own = [0, 0, 0, 0];
  axesOf(layout).forEach((axis, i) => {
    own[axis] = [n, c, h, w][i]!;
  });
  return [...(lanes ? [count] : []), ...own];
};
const slide = (extent: number, pads: number, kernel: number, dilation: number, stride: number) =>
  Math.floor((extent + pads - dilation * (kernel - 1) - 1) / stride) + 1;

/** Reads the extents off two of the three shapes. */
export function extentsOf(window: Window, known: { x?: Shape; y?: Shape; weight?: Shape; size?: Pair; kernel?: Pair }): Extents {
  const { stride, dilation, pads, groups, lanes } = window;
  const [o, cPerGroup, kh, kw] = (known.weight?.slice(lanes ? 1 : 0) ?? [0, 0, ...known.kernel!]) as [number, number, number, number];
  const x = known.x ? image(window, known.x) : undefined;
  const y = known.y ? image(window, known.y) : undefined;
  const h = x?.h ?? known.size![0];
  const w = x?.w ?? known.size![1];
  const oh = slide(h, pads[0] + pads[2], kh, dilation[0], stride[0]);
  const ow = slide(w, pads[1] + pads[3], kw, dilation[1], stride[1]);
  const count = lanes ? (known.x ?? known.y)![0]! : 1;
  const extents = { lanes: count, n: (x ?? y)!.n, c: x?.c ?? cPerGroup * groups, h, w, o: y?.c ?? o, oh, ow, kh, kw };
  const fits =
    oh > 0 &&
    ow > 0 &&
    extents.c % groups === 0 &&
    extents.o % groups === 0 &&
    (!known.weight || cPerGroup * groups === extents.c) &&
    (!known.weight || o === extents.o) &&
    (!y || (y.h === oh && y.w === ow)) &&
    (!(x && y) || x.n === y.n);
  if (!fits)
    throw new RangeError(
      `a convolution does not fit: ${Object.entries(known)
        .map(([name, shape]) => `${name} ${showShape(shape)}`)
        .join(", ")}, ${JSON.stringify(window)}`,
    );
  return extents;
}

/** The position that kernel entry (i, j) reads for a target. It is below 0 outside the image. */
export type Source = (target: number, i: number, j: number) => number;

/** What positions of y read of x. */
export const outputSource =
  ({ stride, dilation, pads }: Window, e: Extents): Source =>
  (target, i, j) => {
    const h = Math.floor(target / e.ow) * stride[0] + i * dilation[0] - pads[0];
    const w = (target % e.ow) * stride[1] + j * dilation[1] - pads[1];
    return h >= 0 && h < e.h && w >= 0 && w < e.w ? h * e.w + w : -1;
  };

/** What positions of x read of y. With strides, most kernel entries read nothing: there it is undefined. */
export const inputSource =
  ({ stride, dilation, pads }: Window, e: Extents): ((...at: Parameters<Source>) => number | undefined) =>
  (target, i, j) => {
    const h = (Math.floor(target / e.w) + pads[0] - i * dilation[0]) / stride[0];
    const w = ((target % e.w) + pads[1] - j * dilation[1]) / stride[1];
    if (!Number.isInteger(h) || !Number.isInteger(w)) return undefined;
    return h >= 0 && h < e.oh && w >= 0 && w < e.ow ? h * e.ow + w : -1;
  };
