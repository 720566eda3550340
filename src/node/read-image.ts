import { decodeImage, fitImage } from "../data/index.ts";
import { bytesAt } from "./read-file.ts";

/**
 * Reads a PNG or JPEG image as [c, h, w] in pixel space. Gray becomes color by repetition.
 *
 * @throws LeakageError `file` if it cannot be read or its size differs from `shape`.
 */
export async function readImage(path: string, shape: readonly [number, number, number]): Promise<Float32Array> {
  return fitImage(decodeImage(bytesAt(path), path), shape, "error", path);
}
