import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../../src/data/index.ts";
import type { RasterImage } from "../../src/formats/index.ts";

// images.py beside this file
interface Pixels {
  readonly name: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: string;
}
const fixture = JSON.parse(readFileSync(new URL("images.json", import.meta.url), "utf8")) as Readonly<
  Record<"oriented" | "jpeg", readonly Pixels[]>
>;
const expectImage = (image: RasterImage, { width, height, channels, pixels }: Pixels) => {
  expect(image).toMatchObject({ width, height, channels });
  const wanted = new Uint8Array(Buffer.from(pixels, "base64"));
  const off = image.data.reduce((most, entry, i) => Math.max(most, Math.abs(entry - wanted[i]!)), 0);
  expect(off).toBe(0);
};

describe("images are read as Pillow reads them", () => {
  it.each([...fixture.oriented, ...fixture.jpeg])("$name", (expected) =>
    expectImage(decodeImage(new Uint8Array(Buffer.from(expected.file, "base64")), expected.name), expected),
  );
});
