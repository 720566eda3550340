import { type Bytes, cutOff, withData } from "./bytes.ts";

/** Pillow computes these in float32. */
const f = Math.fround;

/** `Image.blend`: between two images, or beyond the second one where the factor is above 1. */
function blended(one: Bytes, other: Bytes, factor: number): Bytes {
  const alpha = f(factor);
  if (alpha === 0) return one;
  if (alpha === 1) return other;
  return withData(
    one,
    other.data.map((level, i) => cutOff(f(one.data[i]! + f(alpha * (level - one.data[i]!))))),
  );
}

/** The luma of each pixel, in fixed point with 16 bits: `convert("L")`. */
function lumaOf({ channels, data }: Bytes): Uint8Array {
  if (channels === 1) return data;
  const plane = data.length / 3;
  return data.subarray(0, plane).map((red, i) => (red * 19595 + data[plane + i]! * 38470 + data[2 * plane + i]! * 7471 + 0x8000) >> 16);
}

const uniform = (image: Bytes, level: number): Bytes => withData(image, new Uint8Array(image.data.length).fill(level));

/** `ImageEnhance.Brightness`: a blend with black. */
export const brightened = (image: Bytes, factor: number): Bytes => blended(uniform(image, 0), image, factor);

/** The mean luma of an image, rounded. */
function meanLuma(image: Bytes): number {
  const luma = lumaOf(image);
  return Math.trunc(luma.reduce((sum, level) => sum + level, 0) / luma.length + 0.5);
}

/** `ImageEnhance.Contrast`: a blend with the mean luma. */
export const contrasted = (image: Bytes, factor: number): Bytes => blended(uniform(image, meanLuma(image)), image, factor);

/** `ImageEnhance.Color`: a blend with the gray image. */
export function colored(image: Bytes, factor: number): Bytes {
  const luma = lumaOf(image);
  return blended(
    withData(
      image,
      image.data.map((_, i) => luma[i % luma.length]!),
    ),
    image,
    factor,
  );
}

/** The weights of a pixel itself and of each neighbor in `ImageFilter.SMOOTH`. */
export const smoothing = { center: 5 / 13, neighbor: 1 / 13 } as const;

/** `ImageFilter.SMOOTH`: a mean over 3 × 3 pixels, the middle one five times. Pixels at the border stay. */
function smoothed(image: Bytes): Bytes {
  const { height, width, channels, data } = image;
  const [center, neighbor] = [f(smoothing.center), f(smoothing.neighbor)];
  const out = Uint8Array.from(data);
  const line = (at: number, middle: number): number =>
    f(f(f(data[at - 1]! * neighbor) + f(data[at]! * middle)) + f(data[at + 1]! * neighbor));
  for (let c = 0; c < channels; c++)
    for (let y = 1; y < height - 1; y++)
      for (let x = 1; x < width - 1; x++) {
        const at = (c * height + y) * width + x;
        const below = f(0.5 + line(at + width, neighbor));
        out[at] = cutOff(f(f(below + line(at, center)) + line(at - width, neighbor)));
      }
  return withData(image, out);
}

/** `ImageEnhance.Sharpness`: a blend with the smoothed image. */
export const sharpened = (image: Bytes, factor: number): Bytes => blended(smoothed(image), image, factor);
