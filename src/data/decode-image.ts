import { LeakageError } from "../errors.ts";
import { decodeJpeg, decodePng, orientationIn, type RasterImage, upright } from "../formats/index.ts";

/** Whether a file name is that of an image. */
export const isImageName = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

/**
 * Decodes a PNG or JPEG file; the first bytes decide which. The image is turned upright as its Exif
 * orientation says.
 *
 * @throws LeakageError `file` for anything else, and for a damaged image.
 */
export function decodeImage(bytes: Uint8Array, source: string): RasterImage {
  const decode = bytes[0] === 0x89 && bytes[1] === 0x50 ? decodePng : bytes[0] === 0xff && bytes[1] === 0xd8 ? decodeJpeg : undefined;
  if (decode) return upright(decode(bytes, source), orientationIn(bytes));
  throw new LeakageError("file", `${source} must be a PNG or JPEG image, but begins as neither.`);
}

/**
 * An image in gray: the luma of ITU-R BT.601, rounded to a byte, as Pillow's `convert("L")` has it.
 */
export function toGray({ width, height, channels, data }: RasterImage): RasterImage {
  if (channels === 1) return { width, height, channels, data };
  const gray = new Uint8Array(width * height);
  for (let i = 0; i < gray.length; i++)
    gray[i] = (19_595 * data[3 * i]! + 38_470 * data[3 * i + 1]! + 7_471 * data[3 * i + 2]! + 0x8000) >> 16;
  return { width, height, channels: 1, data: gray };
}
