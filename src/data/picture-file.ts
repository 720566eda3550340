import { LeakageError } from "../errors.ts";
import { decodePng, type JpegDecoder, type Picture } from "../formats/index.ts";

/** Names of files that are read as pictures. */
export const isPictureName = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

/** Decodes PNG or JPEG, whichever the bytes begin as. Throws a LeakageError for anything else. */
export function readPictureFile(bytes: Uint8Array, source: string, jpeg: JpegDecoder): Picture {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return decodePng(bytes, source);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(bytes, source);
  throw new LeakageError("file", `${source} must be a PNG or JPEG picture, and begins as neither`);
}
