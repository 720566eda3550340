import { LeakageError } from "../../errors.ts";
import type { Shape } from "../../graph/index.ts";

/** An image with 8 bits an entry, channel by channel, [channels, height, width]. */
export interface Bytes {
  /** 1 for gray, 3 for color. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

/** The share of a level of gray that an entry may be off a level. */
const tolerance = 1e-3;

/**
 * The bytes of an image.
 *
 * @param image entries of shape [channels, height, width] in pixel space, multiples of 1/255.
 * @throws LeakageError `spec` for entries that are no multiples of 1/255 from 0 to 1.
 */
export function bytesOf(image: Float32Array, [channels, height, width]: Shape): Bytes {
  const data = Uint8Array.from(image, (entry) => {
    const level = Math.round(255 * entry);
    if (!(Math.abs(255 * entry - level) <= tolerance && level >= 0 && level <= 255))
      throw new LeakageError(
        "spec",
        `defense ats transforms images with 8 bits an entry, and one of the images has the entry ${entry}, which is no multiple of 1/255 from 0 to 1; use other images or another defense.`,
      );
    return level;
  });
  return { channels: channels!, height: height!, width: width!, data };
}

/** The entries of an image in pixel space, as data sets have them. */
export const pixelsOf = ({ data }: Bytes): Float32Array => Float32Array.from(data, (level) => level / 255);

/** The same size with other entries. */
export const withData = ({ channels, height, width }: Bytes, data: Uint8Array): Bytes => ({ channels, height, width, data });

/** An entry cut off to a byte, as Pillow does: below 0 to 0, above 255 to 255, and toward 0 between. */
export const cutOff = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value));
