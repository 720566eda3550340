import type { Shape, Tensor } from "../graph/index.ts";
import { fillUniform, foldIn, type KeyBits } from "../random/index.ts";
import type { Points } from "./points.ts";

/**
 * The square patches of images [B, c, h, w] as rows [B · positions, c · side²]. There is a patch
 * every `stride` pixels and one at each far border, so that every pixel is in a patch if `stride`
 * is at most `side`.
 */
export function patchesOf(x: Tensor, side: number, stride: number): Tensor {
  const [b, c, h, w] = x.shape as [number, number, number, number];
  const indices: number[] = [];
  for (const top of starts(h, side, stride))
    for (const left of starts(w, side, stride)) indices.push(...entriesOf([c, h, w], side, top, left));
  return x
    .reshape([b, c * h * w])
    .gather(1, Int32Array.from(indices))
    .reshape([-1, c * side * side]);
}

/**
 * The weight of each patch of an image in {@link patchesOf}: the mean over its pixels of one over
 * the number of patches that hold the pixel. With these weights every pixel counts once.
 */
export function patchWeights([, h, w]: Shape, side: number, stride: number): Float64Array {
  const corners = starts(h!, side, stride).flatMap((top) => starts(w!, side, stride).map((left) => [top, left] as const));
  const held = new Float64Array(h! * w!);
  const pixels = ([top, left]: readonly [number, number]) => entriesOf([1, h!, w!], side, top, left);
  for (const corner of corners) for (const pixel of pixels(corner)) held[pixel]!++;
  return Float64Array.from(corners, (corner) => pixels(corner).reduce((sum, pixel) => sum + 1 / held[pixel]!, 0) / side ** 2);
}

function starts(extent: number, side: number, stride: number): number[] {
  const last = extent - side;
  const regular = Array.from({ length: Math.floor(last / stride) + 1 }, (_, i) => i * stride);
  return regular.at(-1) === last ? regular : [...regular, last];
}

/** The positions of a patch's entries in an image. */
function entriesOf([c, h, w]: Shape, side: number, top: number, left: number): number[] {
  const indices: number[] = [];
  for (let channel = 0; channel < c!; channel++)
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) indices.push((channel * h! + top + y) * w! + left + x);
  return indices;
}

/**
 * `count` patches of images, drawn uniformly with replacement, in the coordinates of a basis with
 * rows [d, c · side²].
 */
export function samplePatches(
  images: readonly Float32Array[],
  shape: Shape,
  { side, count, basis }: { readonly side: number; readonly count: number; readonly basis: Float64Array },
  key: KeyBits,
): Points {
  const [, h, w] = shape as [number, number, number];
  const n = shape[0]! * side * side;
  const d = basis.length / n;
  const uniforms = [0, 1, 2].map((stream) => {
    const draws = new Float64Array(count);
    fillUniform(foldIn(key, stream), draws);
    return draws;
  });
  const data = new Float64Array(count * d);
  for (let p = 0; p < count; p++) {
    const [image, top, left] = [images.length, h - side + 1, w - side + 1].map((choices, i) => Math.floor(uniforms[i]![p]! * choices));
    const entries = entriesOf(shape, side, top!, left!).map((index) => images[image!]![index]!);
    for (let i = 0; i < d; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += basis[i * n + j]! * entries[j]!;
      data[p * d + i] = sum;
    }
  }
  return { d, count, data };
}
