import { LeakageError } from "../errors.ts";

/** @throws LeakageError `spec` for an index outside 0 … size − 1. */
export function requireIndex(index: number, size: number, what: string): void {
  if (!Number.isInteger(index) || index < 0 || index >= size)
    throw new LeakageError("spec", `${what} has images 0 to ${size - 1}, so there is no image ${index}.`);
}

/** Converts bytes to pixels in [0, 1]. */
export function toPixels(bytes: Uint8Array): Float32Array {
  const pixels = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) pixels[i] = bytes[i]! / 255;
  return pixels;
}
