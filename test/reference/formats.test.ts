import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  decodeJpeg,
  decodePng,
  type NamedArray,
  type NamedArrays,
  type RasterImage,
  readNpy,
  readNpz,
  readSafetensors,
  writeNpy,
} from "../../src/formats/index.ts";

// formats.py beside this file
interface Values {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly number[];
}
interface Pixels {
  readonly name: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: string;
}
const fixture = JSON.parse(readFileSync(new URL("formats.json", import.meta.url), "utf8")) as {
  readonly npy: readonly (Values & { readonly name: string; readonly file: string })[];
  readonly named: readonly { name: string; format: "npz" | "safetensors"; file: string; arrays: Readonly<Record<string, Values>> }[];
  readonly png: readonly Pixels[];
  readonly transparentPng: string;
  readonly jpeg: readonly Pixels[];
  readonly cmykJpeg: string;
  readonly pickledNpy: string;
  readonly structuredNpy: string;
};
const bytes = (base64: string): Uint8Array => Buffer.from(base64, "base64");

const plain = ({ shape, dtype, data }: NamedArray): Values => ({ shape, dtype, values: Array.from<number | bigint, number>(data, Number) });
const expectImage = (image: RasterImage, { width, height, channels, pixels }: Pixels) => {
  expect(image).toMatchObject({ width, height, channels });
  expect(Buffer.from(image.data).equals(Buffer.from(pixels, "base64"))).toBe(true);
};

describe("arrays are read as NumPy reads them", () => {
  it.each(fixture.npy)("npy: $name", ({ name, file, shape, dtype, values }) => {
    expect(plain(readNpy(bytes(file), name))).toEqual({ shape, dtype, values });
  });

  it.each(fixture.named)("$name", ({ name, format, file, arrays }) => {
    const read: NamedArrays = { npz: readNpz, safetensors: readSafetensors }[format](bytes(file), name);
    expect(Object.fromEntries([...read].map(([key, array]) => [key, plain(array)]))).toEqual(arrays);
  });

  it.each(fixture.npy.filter(({ name }) => !/Fortran|endian|float16/.test(name)))(
    "npy is written as np.save writes it: $name",
    ({ name, file }) => {
      expect(Buffer.from(writeNpy(readNpy(bytes(file), name))).toString("base64")).toBe(file);
    },
  );

  it("refuses pickles and structures", () => {
    expect(() => readNpy(bytes(fixture.pickledNpy), "p.npy")).toThrow("p.npy is not a valid npy file: it holds Python objects (a pickle)");
    expect(() => readNpy(bytes(fixture.structuredNpy), "s.npy")).toThrow(
      "its dtype is [('a', '<f4')]; f8, f4, f2, i8, i4, u1, b1 can be read",
    );
  });
});

describe("images are read as Pillow reads them", () => {
  it.each(fixture.png)("PNG: $name", (expected) => expectImage(decodePng(bytes(expected.file), expected.name), expected));
  it.each(fixture.jpeg)("JPEG: $name", (expected) => expectImage(decodeJpeg(bytes(expected.file), expected.name), expected));

  it("refuses what depends on a background or an ink", () => {
    expect(() => decodePng(bytes(fixture.transparentPng), "t.png")).toThrow("t.png: pixel 0 is transparent");
    expect(() => decodeJpeg(bytes(fixture.cmykJpeg), "c.jpg")).toThrow("c.jpg is not a valid JPEG file: it has 4 components (CMYK?)");
  });
});
