import { describe, expect, it } from "vitest";
import { nearestPublic } from "../../src/audit/index.ts";
import type { Dataset } from "../../src/data/index.ts";
import { distance } from "../../src/metrics/index.ts";
import { fillUniform, foldIn, keyFromSeed } from "../../src/random/index.ts";

const shape = [3, 10, 7] as const;
const raster = (i: number): Float32Array => {
  const image = new Float32Array(210);
  fillUniform(foldIn(keyFromSeed(4), i), image);
  return image;
};
let read = 0;
const set: Dataset = {
  kind: "noise",
  split: "train",
  shape,
  classes: ["a", "b"],
  size: 60,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  notes: [],
  example: (index) => {
    read++;
    return { index, image: raster(index), label: 0 };
  },
};
const originals = Array.from({ length: 40 }, (_, i) => raster(1000 + i));

describe("the nearest public example", () => {
  // Channels of very different spread: what is nearest in one space is not in the other.
  it.each([{ space: "pixel" } as const, { space: "model", std: [0.1, 1, 5] } as const])("is that of a full search in %j", (measured) => {
    const near = nearestPublic(set, measured, 50);
    expect(near.count).toBe(50);
    for (const original of originals) {
      const all = Array.from({ length: 50 }, (_, i) => distance(original, raster(i), shape, measured));
      const least = Math.min(...all);
      expect(near.to(original)).toEqual({ index: all.indexOf(least), image: raster(all.indexOf(least)), distance: least });
    }
  });

  it("depends on the space", () => {
    const [pixel, model] = [nearestPublic(set, { space: "pixel" }), nearestPublic(set, { space: "model", std: [0.1, 1, 5] })];
    expect(originals.some((original) => pixel.to(original).index !== model.to(original).index)).toBe(true);
  });

  it("is found where it is the original itself, the last one too", () => {
    const near = nearestPublic(set, { space: "pixel" });
    expect(near.count).toBe(60);
    for (const i of [0, 17, 59]) expect(near.to(raster(i))).toMatchObject({ index: i, distance: 0 });
  });

  it("is not looked for before somebody asks", () => {
    read = 0;
    const near = nearestPublic(set, { space: "pixel" });
    expect(read).toBe(0);
    near.to(raster(3));
    expect(read).toBe(61);
  });
});
