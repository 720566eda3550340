import { LeakageError } from "../errors.ts";

/**
 * An 8-bit image, row by row from the top left, with channels interleaved: gray (1) or RGB (3).
 * `data` has `width * height * channels` bytes.
 */
export interface RasterImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** 64 megapixels. Larger images are refused before any memory is allocated for them. */
const maxPixels = 64 * 2 ** 20;

/**
 * Refuses an image whose header claims that it is empty or larger than 64 megapixels.
 *
 * @throws LeakageError `file` for such a size.
 */
export function requireImageSize(width: number, height: number, source: string): void {
  if (width < 1 || height < 1) throw new LeakageError("file", `${source}: an image of ${width} x ${height} pixels is empty`);
  if (width * height > maxPixels)
    throw new LeakageError(
      "file",
      `${source}: an image of ${width} x ${height} pixels is too large; at most ${maxPixels} pixels are allowed`,
    );
}

/**
 * Converts an image [c, h, w] in pixel space to 8-bit gray or color. Values are clamped to [0, 1].
 */
export function toRasterImage(pixels: Float32Array, [channels, height = 1, width = 1]: readonly number[]): RasterImage {
  const plane = height * width;
  const used = channels === 3 ? 3 : 1;
  const data = new Uint8Array(plane * used);
  for (let c = 0; c < used; c++)
    for (let i = 0; i < plane; i++) data[i * used + c] = Math.round(255 * Math.min(1, Math.max(0, pixels[c * plane + i]!)));
  return { width, height, channels: used, data };
}
