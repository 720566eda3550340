import { LeakageError } from "../errors.ts";
import { decodePng, type JpegDecoder, type RasterImage } from "../formats/index.ts";

/** Whether a file name is that of an image. */
export const isImageName = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

/**
 * Decodes a PNG or JPEG file; the first bytes decide which.
 *
 * @throws LeakageError `file` for anything else, and for a damaged image.
 */
export function decodeImage(bytes: Uint8Array, source: string, jpeg: JpegDecoder): RasterImage {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return decodePng(bytes, source);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(bytes, source);
  throw new LeakageError("file", `${source} must be a PNG or JPEG image, but begins as neither.`);
}
