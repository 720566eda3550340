import { z } from "zod";
import { encodePng, fromBase64, toBase64, toRasterImage } from "../formats/index.ts";

/** The form of PNG files by name, in base64, as a kept part has them. */
export const pngFilesSchema = z.record(z.string(), z.base64());
export type PngFiles = z.output<typeof pngFilesSchema>;

/** An image [c, h, w] in pixel space as a PNG file in base64. */
export const pngOf = (pixels: Float32Array, shape: readonly number[]): string => toBase64(encodePng(toRasterImage(pixels, shape)));

/** The files of a kept part, by name. */
export const bytesOf = (files: PngFiles): readonly (readonly [string, Uint8Array])[] =>
  Object.entries(files).map(([name, base64]) => [name, fromBase64(base64, name)] as const);
