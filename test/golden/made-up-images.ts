import { encodePng, type RasterImage } from "../../src/formats/index.ts";

/** A shaded ball on a slope: smooth, with one edge. Made up. */
function original(kind: number, side: number): RasterImage {
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++)
      for (let c = 0; c < 3; c++) {
        const [y, x] = [(2 * i) / (side - 1) - 1, (2 * j) / (side - 1) - 1];
        const inside = (x - 0.1 * kind) ** 2 + (y + 0.05) ** 2 < 0.42;
        const stripe = (Math.floor((i + 2 * j + 5 * kind) / 4) % 2) * 18;
        const ball = [205, 70, 45, 120, 180][(kind + c) % 5]! * (0.75 - 0.45 * (x * 0.6 + y * 0.7));
        data[(i * side + j) * 3 + c] = Math.max(0, Math.min(255, inside ? ball : 110 + 30 * c + 50 * y + stripe));
      }
  return { width: side, height: side, channels: 3, data };
}

/**
 * An image with a given share of noise in it; the noise is a fixed hash of place, channel and
 * share.
 */
function noisy(raster: RasterImage, share: number): RasterImage {
  const data = raster.data.map((value, i) => {
    const hash = Math.imul(Math.imul(i + 1, 0x9e3779b1) ^ Math.round(share * 997), 0x85ebca6b) >>> 24;
    return Math.max(0, Math.min(255, Math.round(value * (1 - share) + hash * share)));
  });
  return { ...raster, data };
}

/**
 * PNG files of a made-up attack: image i has `original-i.png`, `reconstruction-i.png` and
 * `image-i-step-k.png`.
 */
export function madeUpImages(count: number, steps: readonly number[], side: number): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const last = steps.at(-1)!;
  for (let i = 0; i < count; i++) {
    const truth = original(i, side);
    files.set(`original-${i}.png`, encodePng(truth));
    const end = i % 4 === 2 ? 0.75 : 0.06;
    for (const step of steps) {
      const share = end + (1 - end) * (1 - Math.log(step) / Math.log(last)) ** 1.5;
      files.set(`image-${i}-step-${step}.png`, encodePng(noisy(truth, share)));
    }
    files.set(`reconstruction-${i}.png`, encodePng(noisy(truth, end)));
  }
  return files;
}
