import { LeakageError } from "../errors.ts";
import type { RasterImage } from "../formats/index.ts";

/**
 * What to do with an image of another size: refuse it (`error`), or crop it to the wanted
 * proportions around its center and average over areas (`center-area`).
 */
export const resizes = ["error", "center-area"] as const;

/** What to do with an image of another size; see {@link resizes}. */
export type Resize = (typeof resizes)[number];

/** A source pixel along one axis, with its weight in a cell. */
interface Share {
  readonly at: number;
  readonly weight: number;
}

/**
 * Converts a decoded image to [channels, height, width] in pixel space. If 3 channels are asked
 * for, gray becomes color by repetition. An image of another size is cropped to the largest
 * centered rectangle of the wanted proportions. Each output pixel is the mean over an equal cell of
 * that rectangle; source pixels on a cell's border count by the part inside.
 *
 * @throws LeakageError `file` for another size if `resize` is "error", or for color if gray is
 * asked for.
 */
export function fitImage(
  raster: RasterImage,
  [channels, height, width]: readonly [number, number, number],
  resize: Resize,
  source: string,
): Float32Array {
  if (raster.channels > channels) throw new LeakageError("file", `${source} is in color, but a gray image is needed.`);
  if (resize === "error" && (raster.width !== width || raster.height !== height))
    throw new LeakageError(
      "file",
      `${source} must have ${height} x ${width} pixels (height x width), but has ${raster.height} x ${raster.width}.`,
    );
  const scale = Math.min(raster.width / width, raster.height / height);
  const columns = shares(raster.width, width, scale);
  const rows = shares(raster.height, height, scale);
  const image = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (const row of rows[y]!)
          for (const column of columns[x]!)
            sum += row.weight * column.weight * raster.data[(row.at * raster.width + column.at) * raster.channels + (c % raster.channels)]!;
        image[(c * height + y) * width + x] = sum / 255;
      }
  return image;
}

/**
 * The source pixels that each of `count` centered cells of length `scale` covers, with the fraction
 * of the cell that each pixel fills.
 */
function shares(extent: number, count: number, scale: number): readonly (readonly Share[])[] {
  const offset = (extent - count * scale) / 2;
  return Array.from({ length: count }, (_, i) => {
    const [begin, end] = [offset + i * scale, offset + (i + 1) * scale];
    const cell: Share[] = [];
    for (let at = Math.floor(begin); at < Math.min(extent, end); at++) {
      const weight = (Math.min(end, at + 1) - Math.max(begin, at)) / scale;
      if (weight > 1e-9) cell.push({ at, weight });
    }
    return cell;
  });
}
