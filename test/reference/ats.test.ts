import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Bytes } from "../../src/defenses/ats/bytes.ts";
import { library, transformed } from "../../src/defenses/ats/library.ts";
import { foldIn, keyFromSeed, randomBits } from "../../src/random/index.ts";

/** ats.py beside this file. */
interface Fixture {
  readonly images: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly original: string; readonly transformed: readonly string[][] }>
  >;
}
const { images } = JSON.parse(readFileSync(new URL("ats.json", import.meta.url), "utf8")) as Fixture;

const words = (seed: number, count: number) => randomBits(foldIn(keyFromSeed(seed), 0), count);
/** The level of each entry, from its place. */
const formulas: Readonly<Record<string, (count: number) => (c: number, y: number, x: number, i: number) => number>> = {
  slopes: () => (c, y, x) => Math.floor((3 * x * y + 5 * x + 40 * c + y * y) / 13) % 256,
  noise: (count) => (_c, _y, _x, i) => words(1, count)[i]! % 256,
  disk: () => (_c, y, x) => Math.max(0, 255 - 3 * ((x - 12) ** 2 + (y - 15) ** 2)),
  dark: (count) => (_c, _y, _x, i) => 40 + (words(2, count)[i]! % 30),
  flat: () => () => 77,
  patches: (count) => {
    const noise = words(3, count);
    return (c, y, x, i) => 20 * ((Math.floor(x / 5) + Math.floor(y / 7) + c) % 12) + (noise[i]! % 9);
  },
  small: (count) => (_c, _y, _x, i) => words(4, count)[i]! % 256,
};

function imageOf(name: string): Bytes {
  const [channels, height, width] = images[name]!.shape as [number, number, number];
  const at = formulas[name]!(channels * height * width);
  const data = Uint8Array.from({ length: channels * height * width }, (_, i) =>
    at(Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width, i),
  );
  return { channels, height, width, data };
}

const digest = ({ data }: Bytes) => createHash("sha256").update(data).digest("hex").slice(0, 12);

describe.each(Object.keys(images))("the image %s", (name) => {
  const image = imageOf(name);

  it("is that of the fixture", () => expect(digest(image)).toBe(images[name]!.original));

  it.each(library.map((transformation, index) => ({ index, ...transformation })))(
    "is transformed by $index, $operation, as Pillow does, with both signs",
    (transformation) => {
      const made = (transformation.signed ? ([-1, 1] as const) : ([1] as const)).map((sign) =>
        digest(transformed(image, transformation, sign)),
      );
      expect(made).toEqual(images[name]!.transformed[transformation.index]);
    },
  );
});
