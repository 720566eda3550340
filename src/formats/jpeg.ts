import { LeakageError } from "../errors.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import { enlarged, samplesOf } from "./jpeg-samples.ts";
import { readScans } from "./jpeg-scans.ts";
import type { RasterImage } from "./raster-image.ts";

/**
 * Decodes a JPEG file to the same bytes as libjpeg-turbo with its defaults: the accurate integer
 * transform, smooth enlargement of colors, and values clamped to 0 to 255. Progressive files that
 * lack some of their scans are not smoothed. Orientation tags are not applied.
 *
 * @throws LeakageError `file` for an image that is truncated, damaged, larger than 64 megapixels,
 * or neither gray nor RGB.
 */
export function decodeJpeg(bytes: Uint8Array, source: string): RasterImage {
  const { width, height, channels } = readJpegHeader(bytes, source);
  const { components, luma } = readScans(bytes, (why) => {
    throw new LeakageError("file", `${source} is not a valid JPEG file: ${why}`);
  });
  const [most, tallest] = [Math.max(...components.map(({ h }) => h)), Math.max(...components.map(({ v }) => v))];
  const planes = components.map((component) => enlarged(samplesOf(component), most / component.h, tallest / component.v));
  const data = new Uint8Array(width * height * channels);
  const [first, second, third] = planes;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const to = (y * width + x) * channels;
      const own = first!.data[y * first!.stride + x]!;
      data[to] = own;
      if (channels === 1) continue;
      const [a, b] = [second!.data[y * second!.stride + x]!, third!.data[y * third!.stride + x]!];
      if (luma) toRgb(data, to, own, a - 128, b - 128);
      else [data[to + 1], data[to + 2]] = [a, b];
    }
  return { width, height, channels, data };
}

const clamped = (value: number): number => Math.max(0, Math.min(255, value));

/** Red, green and blue of a luma and its differences in blue and red, with 16 bits behind the point. */
function toRgb(data: Uint8Array, to: number, luma: number, blue: number, red: number): void {
  data[to] = clamped(luma + ((91_881 * red + 32_768) >> 16));
  data[to + 1] = clamped(luma + ((-22_554 * blue - 46_802 * red + 32_768) >> 16));
  data[to + 2] = clamped(luma + ((116_130 * blue + 32_768) >> 16));
}
