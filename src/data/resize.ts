import { LeakageError } from "../errors.ts";
import type { Picture } from "../formats/index.ts";

/**
 * What can happen to a picture of another size: it is refused, or its center is cut to the wanted
 * proportions and averaged over areas.
 */
export const resizes = ["error", "center-area"] as const;

export type Resize = (typeof resizes)[number];

/** A weighted cell of the source along one axis. */
interface Share {
  readonly at: number;
  readonly weight: number;
}

/**
 * A picture as [channels, height, width] in pixel space. Gray becomes color by repetition where 3
 * channels are asked for. A picture of another size is cut to the largest centered rectangle of the
 * wanted proportions, whose equal cells are averaged, cells of the border by the part that lies
 * inside.
 *
 * @throws LeakageError `file` for another size with `resize` "error", or color where gray is asked
 * for.
 */
export function fitPicture(
  picture: Picture,
  [channels, height, width]: readonly [number, number, number],
  resize: Resize,
  source: string,
): Float32Array {
  if (picture.channels > channels) throw new LeakageError("file", `${source} is in color, and gray is needed`);
  if (resize === "error" && (picture.width !== width || picture.height !== height))
    throw new LeakageError(
      "file",
      `${source} must have ${width} x ${height} pixels (width x height), and has ${picture.width} x ${picture.height}`,
    );
  const scale = Math.min(picture.width / width, picture.height / height);
  const columns = shares(picture.width, width, scale);
  const rows = shares(picture.height, height, scale);
  const image = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (const row of rows[y]!)
          for (const column of columns[x]!)
            sum +=
              row.weight * column.weight * picture.data[(row.at * picture.width + column.at) * picture.channels + (c % picture.channels)]!;
        image[(c * height + y) * width + x] = sum / 255;
      }
  return image;
}

/**
 * Which source pixels each of `count` cells of length `scale` covers, and for which part of the
 * cell; the cells are centered.
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
