import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Split, shapesSet } from "../../src/data/index.ts";

/** SHA-256 of images as bytes [3, 32, 32], one after the other. */
function digest(split: Split, indices: readonly number[]): string {
  const set = shapesSet(split);
  const hash = createHash("sha256");
  for (const index of indices) hash.update(Uint8Array.from(set.example(index).image, (pixel) => Math.round(pixel * 255)));
  return hash.digest("hex");
}

describe("shapes are the same bytes everywhere", () => {
  it("tells labels without drawing the images", () => {
    for (const index of [0, 7, 19, 9999]) expect(shapesSet("test").label!(index)).toBe(shapesSet("test").example(index).label);
  });

  it("of training", () =>
    expect(digest("train", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 49_999])).toBe(
      "bb48bca2ad3f6c49fc02aed50c702ed54ae0dbce8049127278b9b30d66916f64",
    ));
  it("of test", () =>
    expect(digest("test", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9_999])).toBe("ed14732a0a40fa118d8c7aa7cc0d7be19c758ca94230e97b4f692fadba62eefd"));

  it("whatever was drawn before, as exact bytes over 255", () => {
    const set = shapesSet("train");
    const first = set.example(7).image;
    set.example(8);
    expect(set.example(7).image).toEqual(first);
    expect(first.every((pixel) => pixel === Math.fround(Math.round(pixel * 255) / 255))).toBe(true);
  });
});
