import { LeakageError } from "../errors.ts";
import type { RasterImage } from "../formats/index.ts";

/** By how much a difference image exaggerates. */
export const differenceGain = 2;

/**
 * Where a guess is off, and which way: mid-gray where it is right, brighter where it is too bright,
 * times {@link differenceGain}.
 */
export function difference(truth: RasterImage, guess: RasterImage, name: string): RasterImage {
  const size = ({ width, height, channels }: RasterImage) => `${width}×${height}×${channels}`;
  if (size(truth) !== size(guess))
    throw new LeakageError("file", `${name}: expected an image of ${size(truth)} as its original is; got ${size(guess)}.`);
  // Stores into a Uint8ClampedArray round and stay within 0 and 255.
  const data = Uint8ClampedArray.from(guess.data, (value, i) => 128 + differenceGain * (value - truth.data[i]!));
  return { ...truth, data: new Uint8Array(data.buffer) };
}
