import { type Bytes, cutOff, withData } from "./bytes.ts";

/** The height and the width of an image. */
export type Extent = Pick<Bytes, "height" | "width">;

/**
 * For each pixel of the transformed image, row by row, the pixel that it shows, or {@link outside}.
 */
export type Sources = Int32Array;

/** Stands for a pixel that lies outside of the image. */
export const outside = -1;

/** The positions along an axis that pixels show after a shift, as Pillow adds them up in float64. */
function shifted(extent: number, shift: number): Int32Array {
  let at = shift + 0.5;
  return Int32Array.from({ length: extent }, () => {
    const from = at < 0 ? outside : Math.trunc(at);
    at += 1;
    return from < extent ? from : outside;
  });
}

/** What pixels show after a shift by whole and parts of pixels: `Image.transform` by a shift, nearest. */
export function translated({ height, width }: Extent, dy: number, dx: number): Sources {
  const [rows, columns] = [shifted(height, dy), shifted(width, dx)];
  return Int32Array.from({ length: height * width }, (_, at) => {
    const [row, column] = [rows[Math.floor(at / width)]!, columns[at % width]!];
    return row === outside || column === outside ? outside : row * width + column;
  });
}

/** A crop of the image's own size after padding: `RandomCrop` at (top, left) of an image padded by `padding`. */
export function cropped({ height, width }: Extent, padding: number, top: number, left: number): Sources {
  return Int32Array.from({ length: height * width }, (_, at) => {
    const row = Math.floor(at / width) + top - padding;
    const column = (at % width) + left - padding;
    return row < 0 || row >= height || column < 0 || column >= width ? outside : row * width + column;
  });
}

/** The mirror image, left and right exchanged. */
export const mirrored = ({ height, width }: Extent): Sources =>
  Int32Array.from({ length: height * width }, (_, at) => at - (at % width) + (width - 1 - (at % width)));

const rounded = (value: number): number => Math.round(value * 1e15) / 1e15;
const fixed = (value: number): number => Math.floor(value * 65536 + 0.5);

/** What pixels show after a turn about the center: `Image.rotate`, nearest, in fixed point with 16 bits. */
export function rotated({ height, width }: Extent, degrees: number): Sources {
  const angle = -(degrees * Math.PI) / 180;
  const [cos, sin] = [rounded(Math.cos(angle)), rounded(Math.sin(angle))];
  const [centerX, centerY] = [width / 2, height / 2];
  const shiftX = cos * -centerX + sin * -centerY + centerX;
  const shiftY = -sin * -centerX + cos * -centerY + centerY;
  const [a0, a1, a3, a4] = [fixed(cos), fixed(sin), fixed(-sin), fixed(cos)];
  const x0 = fixed(shiftX + cos * 0.5 + sin * 0.5);
  const y0 = fixed(shiftY - sin * 0.5 + cos * 0.5);
  return Int32Array.from({ length: height * width }, (_, at) => {
    const [y, x] = [Math.floor(at / width), at % width];
    const column = (x0 + a1 * y + a0 * x) >> 16;
    const row = (y0 + a4 * y + a3 * x) >> 16;
    return column >= 0 && column < width && row >= 0 && row < height ? row * width + column : outside;
  });
}

/** The image that shows these pixels, and a level of gray where they lie outside. */
export function showing(image: Bytes, sources: Sources, fill: number): Bytes {
  const plane = image.height * image.width;
  return withData(
    image,
    Uint8Array.from({ length: image.data.length }, (_, i) => {
      const source = sources[i % plane]!;
      return source === outside ? fill : image.data[i - (i % plane) + source]!;
    }),
  );
}

/** A cubic through four levels with slopes of their neighbors (a = −1), at d between the two in the middle. */
function cubic(v1: number, v2: number, v3: number, v4: number, d: number): number {
  const p2 = -v1 + v3;
  const p3 = 2 * (v1 - v2) + v3 - v4;
  const p4 = -v1 + v2 - v3 + v4;
  return v2 + d * (p2 + d * (p3 + d * p4));
}

/**
 * Where pixels of a sheared image lie in the image: at `at + slope · across`, along the axis that is
 * sheared.
 */
export const shearedAt = (at: number, across: number, slope: number): number => at + 0.5 + slope * (across + 0.5);

/**
 * A shear along one axis: `Image.transform` with a bicubic filter, black outside. Across the other
 * axis the filter lies on whole pixels, so it mixes only pixels of one row or column.
 *
 * @param slope pixels of shift for each pixel across.
 */
export function sheared(image: Bytes, axis: "x" | "y", slope: number): Bytes {
  const { height, width, channels } = image;
  const out = new Uint8Array(image.data.length);
  const [extent, step] = axis === "x" ? [width, 1] : [height, width];
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [along, across] = axis === "x" ? [x, y] : [y, x];
        const from = axis === "x" ? along + 0.5 + slope * (across + 0.5) : slope * (across + 0.5) + (along + 0.5);
        if (from < 0 || from >= extent) continue;
        const left = Math.floor(from - 0.5);
        const line = c * height * width + (axis === "x" ? y * width : x);
        const [v1, v2, v3, v4] = [-1, 0, 1, 2].map((k) => image.data[line + step * Math.min(extent - 1, Math.max(0, left + k))]!) as [
          number,
          number,
          number,
          number,
        ];
        out[c * height * width + y * width + x] = cutOff(cubic(v1, v2, v3, v4, from - 0.5 - left));
      }
  return withData(image, out);
}
