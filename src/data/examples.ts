import { LeakageError } from "../errors.ts";

/** @throws LeakageError `spec` for an index that is no place of the set. */
export function requireIndex(index: number, size: number, what: string): void {
  if (!Number.isInteger(index) || index < 0 || index >= size)
    throw new LeakageError("spec", `${what} has pictures 0 to ${size - 1}, and no picture ${index}.`);
}

/** Bytes as pixels between 0 and 1. */
export function toPixels(bytes: Uint8Array): Float32Array {
  const pixels = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) pixels[i] = bytes[i]! / 255;
  return pixels;
}
