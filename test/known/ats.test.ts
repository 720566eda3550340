import { describe, expect, it } from "vitest";
import { rankCases, rarityIn } from "../../src/attacks/tailored/ranked-cases.ts";
import { shapesSet } from "../../src/data/index.ts";
import { type Bytes, bytesOf, pixelsOf } from "../../src/defenses/ats/bytes.ts";
import { library } from "../../src/defenses/ats/library.ts";
import { type Ats, applied, type Case, drawCase, policiesOf } from "../../src/defenses/ats/policy.ts";
import { numbersOfCase, through } from "../../src/defenses/ats/through.ts";
import { uncropped, untransformed } from "../../src/defenses/ats/undo.ts";
import { constant } from "../../src/graph/index.ts";
import { foldIn, keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";

const shape = [3, 32, 32];
const image = bytesOf(shapesSet("test").example(4).image, shape);
const draws = (ats: Ats, count: number): readonly Case[] =>
  Array.from({ length: count }, (_, i) => drawCase(ats, foldIn(keyFromSeed(5), i)));
const rms = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a).reduce((sum, entry, i) => sum + (entry - b[i]!) ** 2, 0) / a.length);

describe("a case as an expression", () => {
  it.each(library.map(({ operation }, index) => ({ index, operation })))(
    "of $index, $operation, is what Pillow computes, but for roundings",
    ({ index, operation }) => {
      const ats: Ats = { policies: [[index]], crop: 4, flip: true };
      for (const drawn of draws(ats, 2)) {
        const given = numbersOfCase(image, ats, drawn);
        const number = (name: string) => constant(given.get(name)!.data, given.get(name)!.shape);
        const [made] = evaluate([through(constant(pixelsOf(image), shape), [index], number)]);
        const wanted = applied(image, ats, drawn).data;
        // In levels. A curve of 32 pieces stands for an equalization, and posterizing loses up to 3.
        const allowed = operation === "equalize" ? 8 : operation === "posterize" ? 2 : 1;
        expect(
          rms(
            made!.data.map((pixel) => 255 * pixel),
            wanted,
          ),
        ).toBeLessThan(allowed);
      }
    },
  );
});

describe("undoing a case", () => {
  const ats: Ats = { policies: policiesOf(["hybrid"]), crop: 4, flip: true };

  it.each(draws(ats, 6))("%j gives the pixels that are shown, and says which these are", (drawn) => {
    const made = applied(image, ats, drawn);
    const cropped = untransformed({ ...made, data: Float64Array.from(made.data) }, ats.policies[drawn.policy]!, drawn.signs);
    const { shown } = cropped;
    const { image: back, known } = uncropped(cropped, ats, drawn);
    const plane = known.length;
    // Where the transformed image is saturated, nobody can tell; elsewhere a level is a level.
    const off = Array.from(back.data, (level, i) => Math.abs(level - image.data[i]!)).filter(
      (_, i) => known[i % plane] && image.data[i]! < 150,
    );
    expect(off.length).toBeGreaterThan(200);
    expect(off.toSorted((a, b) => a - b)[Math.floor(0.95 * off.length)]!).toBeLessThan(4);
    const black = made.data.filter((_, i) => !shown[i % plane]);
    // Sharpening brings a little of its neighbors into black.
    expect(black.every((level) => level < 10)).toBe(true);
    expect(black.length).toBeGreaterThan(0);
  });
});

it("ranks the signs and the policy that were drawn first, on most transformed images, among all cases", () => {
  const ats: Ats = { policies: policiesOf(["21-13-3"]), crop: 4, flip: true };
  const both: Ats = { ...ats, policies: policiesOf(["hybrid"]) };
  const publicSet = shapesSet("train");
  const rarity = rarityIn({ count: 30, image: (i) => publicSet.example(i).image });
  let [signs, policies] = [0, 0];
  for (let i = 0; i < 8; i++) {
    const own = bytesOf(shapesSet("test").example(i).image, shape);
    const drawn = drawCase(both, foldIn(keyFromSeed(8), i));
    const made = applied(own, both, drawn);
    const ranking = rankCases(made, both, rarity, 4);
    expect(ranking.best.length).toBe(4);
    expect(ranking.count).toBeGreaterThan(100);
    expect(ranking.best.map(({ cost }) => cost)).toEqual(ranking.best.map(({ cost }) => cost).toSorted((a, b) => a - b));
    if (ranking.best[0]!.drawn.policy === drawn.policy) policies++;
    const single = drawCase(ats, foldIn(keyFromSeed(8), i));
    if (rankCases(applied(own, ats, single), ats, rarity, 1).best[0]!.drawn.signs.join() === single.signs.join()) signs++;
  }
  expect(policies).toBeGreaterThanOrEqual(7);
  expect(signs).toBeGreaterThanOrEqual(6);
});

describe("what is drawn", () => {
  it("follows from the key, and has all policies, signs, crops and mirrorings", () => {
    const ats: Ats = { policies: policiesOf(["21-13-3", "7-4-15"]), crop: 4, flip: true };
    const all = draws(ats, 2000);
    expect(draws(ats, 3)).toEqual(all.slice(0, 3));
    const share = (holds: (drawn: Case) => boolean) => all.filter(holds).length / all.length;
    expect(share(({ policy }) => policy === 1)).toBeCloseTo(0.5, 1);
    expect(share(({ flipped }) => flipped)).toBeCloseTo(0.5, 1);
    for (const i of [0, 1, 2]) expect(share(({ signs }) => signs[i] === 1)).toBeCloseTo(0.5, 1);
    for (let place = 0; place <= 8; place++) {
      expect(share(({ top }) => top === place)).toBeCloseTo(1 / 9, 1);
      expect(share(({ left }) => left === place)).toBeCloseTo(1 / 9, 1);
    }
    const still = draws({ policies: [[0, 2]], crop: 0, flip: false }, 50);
    expect(still.every(({ top, left, flipped, signs }) => top === 0 && left === 0 && !flipped && signs.join() === "1,1")).toBe(true);
  });

  it("has transformations that are known, with indices from 0 to 49", () => {
    expect(policiesOf(["hybrid"])).toEqual([
      [21, 13, 3],
      [7, 4, 15],
    ]);
    for (const wrong of ["50", "-1", "21--1-3", "99-1-2", "21-13-3+7", "", "a-b-c"])
      expect(() => policiesOf([wrong]), wrong).toThrow(/indices from 0 to 49/);
  });

  it("needs images with 8 bits", () => {
    const gray = { channels: 1, height: 1, width: 2 };
    expect(bytesOf(Float32Array.of(0, 200 / 255), [1, 1, 2])).toEqual({ ...gray, data: Uint8Array.of(0, 200) } satisfies Bytes);
    for (const entry of [0.5, 1.5, -1 / 255, Number.NaN])
      expect(() => bytesOf(Float32Array.of(0, entry), [1, 1, 2])).toThrow(/8 bits an entry.*multiple of 1\/255/);
  });
});
