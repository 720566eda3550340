import { type Bytes, withData } from "./bytes.ts";

/** What each level of gray becomes. */
export type Lookup = readonly number[] | Uint8Array;

const levels = Array.from({ length: 256 }, (_, level) => level);

/** `ImageOps.invert`. */
export const inverting: Lookup = levels.map((level) => 255 - level);

/** `ImageOps.posterize`: keeps the upper bits. */
export const posterizing = (bits: number): Lookup => levels.map((level) => level & ~(2 ** (8 - bits) - 1));

/** `ImageOps.solarize`: inverts what is not below the threshold. */
export const solarizing = (threshold: number): Lookup => levels.map((level) => (level < threshold ? level : 255 - level));

/** `ImageOps.autocontrast`: stretches from the lowest to the highest level of a channel. */
export function stretching(histogram: readonly number[]): Lookup {
  const lowest = histogram.findIndex((count) => count > 0);
  const highest = histogram.findLastIndex((count) => count > 0);
  if (highest <= lowest) return levels;
  const scale = 255 / (highest - lowest);
  const offset = -lowest * scale;
  return levels.map((level) => Math.min(255, Math.max(0, Math.trunc(level * scale + offset))));
}

/** `ImageOps.equalize`: spreads the levels of a channel so that all are about as frequent. */
export function equalizing(histogram: readonly number[]): Lookup {
  const counts = histogram.filter((count) => count > 0);
  const step = Math.floor((counts.reduce((sum, count) => sum + count, 0) - counts.at(-1)!) / 255);
  if (counts.length <= 1 || step === 0) return levels;
  let below = Math.floor(step / 2);
  return levels.map((level) => {
    const spread = Math.min(255, Math.floor(below / step));
    below += histogram[level]!;
    return spread;
  });
}

/** The number of pixels of each level in one channel. */
export function histogramOf({ data, channels }: Bytes, channel: number): number[] {
  const counts = levels.map(() => 0);
  const plane = data.length / channels;
  for (const level of data.subarray(channel * plane, (channel + 1) * plane)) counts[level]!++;
  return counts;
}

/** The image after a lookup in each channel. */
export function lookedUp(image: Bytes, lookup: (channel: number) => Lookup): Bytes {
  const plane = image.data.length / image.channels;
  const tables = Array.from({ length: image.channels }, (_, channel) => lookup(channel));
  return withData(
    image,
    image.data.map((level, i) => tables[Math.floor(i / plane)]![level]!),
  );
}
