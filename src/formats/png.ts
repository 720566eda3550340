import { decode, encode } from "fast-png";
import { LeakageError } from "../errors.ts";
import { inflate } from "./inflate.ts";
import { type PngHeader, type PngParts, readPngChunks } from "./png-chunks.ts";
import type { RasterImage } from "./raster-image.ts";

/** Starts and steps of the seven passes of an interlaced image: x, y, dx, dy. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Decodes a PNG file of any color type to 8-bit gray or RGB. Palettes are looked up, lower bit
 * depths are scaled, and 16 bits are cut to the upper 8. An alpha channel must be opaque. Checksums
 * must match, sizes are checked before anything is inflated, and the pixels must have exactly the
 * size that the header states.
 *
 * @throws LeakageError `file` for anything else.
 */
export function decodePng(bytes: Uint8Array, source: string): RasterImage {
  const parts = readPngChunks(bytes, source);
  const { width, height, colorType } = parts;
  if (parts.deflated.length < 6 || (parts.deflated[0]! & 15) !== 8 || parts.deflated[1]! & 32)
    throw new LeakageError("file", `${source}: its pixels are not compressed as PNG demands`);
  inflate(parts.deflated.subarray(2, -4), rawLength(parts), `${source}: the compressed pixels`);
  const samples = toBytes(parts, decodeChecked(parts.essence, source));
  const refuse = (why: string): never => {
    throw new LeakageError("file", `${source}: ${why}`);
  };
  if (colorType === 3) return { width, height, channels: 3, data: lookUp(parts, samples, refuse) };
  requireOpaque(parts, samples, refuse);
  const channels = colorType === 2 || colorType === 6 ? 3 : 1;
  if (parts.channels === channels) return { width, height, channels, data: samples };
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < channels; c++) data[i * channels + c] = samples[i * parts.channels + c]!;
  return { width, height, channels, data };
}

function decodeChecked(essence: Uint8Array, source: string): Uint8Array | Uint16Array {
  try {
    return decode(essence).data as Uint8Array | Uint16Array;
  } catch (cause) {
    throw new LeakageError("file", `${source}: its pixels cannot be decoded (${cause instanceof Error ? cause.message : cause})`, {
      cause,
    });
  }
}

/**
 * Bytes of the pixels before compression. Each line has a filter byte and starts at a whole byte.
 */
function rawLength({ width, height, depth, channels, interlaced }: PngHeader): number {
  const part = (w: number, h: number) => (w > 0 && h > 0 ? h * (1 + Math.ceil((w * channels * depth) / 8)) : 0);
  if (!interlaced) return part(width, height);
  return passes.reduce((sum, [x, y, dx, dy]) => sum + part(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)), 0);
}

/**
 * Converts samples to one byte each. Gray with fewer than 8 bits is scaled to 0 … 255; palette
 * indices are not.
 */
function toBytes({ width, height, depth, colorType }: PngHeader, data: Uint8Array | Uint16Array): Uint8Array {
  if (depth === 8) return data as Uint8Array;
  if (depth === 16) return Uint8Array.from(data, (sample) => sample >> 8);
  const scale = colorType === 3 ? 1 : 255 / (2 ** depth - 1);
  const perLine = Math.ceil((width * depth) / 8);
  const samples = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      samples[y * width + x] = ((data[y * perLine + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1)) * scale;
    }
  return samples;
}

function lookUp({ palette, transparency }: PngParts, indices: Uint8Array, refuse: (why: string) => never): Uint8Array {
  const colors = palette.length / 3;
  const data = new Uint8Array(indices.length * 3);
  for (const [i, index] of indices.entries()) {
    if (index >= colors) refuse(`pixel ${i} has color ${index} of a palette of ${colors}`);
    if ((transparency[index] ?? 255) < 255) refuseTransparency(i, refuse);
    data.set(palette.subarray(3 * index, 3 * index + 3), 3 * i);
  }
  return data;
}

function requireOpaque({ channels, colorType, transparency, depth }: PngParts, samples: Uint8Array, refuse: (why: string) => never): void {
  if (colorType >= 4) {
    for (let i = channels - 1; i < samples.length; i += channels)
      if (samples[i]! < 255) refuseTransparency((i - channels + 1) / channels, refuse);
  } else if (transparency.length > 0) refuse(`it declares a transparent color (${depth} bits per sample); flatten the image first`);
}

const refuseTransparency = (pixel: number, refuse: (why: string) => never): never =>
  refuse(`pixel ${pixel} is transparent, so its color depends on the background; flatten the image first`);

/** Encodes an image as a PNG file. The same image makes the same bytes. */
export const encodePng = (raster: RasterImage): Uint8Array => encode({ ...raster, depth: 8 });
