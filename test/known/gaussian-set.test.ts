import { describe, expect, it } from "vitest";
import { gaussianSet, type Split } from "../../src/data/index.ts";
import { LeakageError } from "../../src/errors.ts";
import { keyFromSeed } from "../../src/random/index.ts";

const key = keyFromSeed(7);
const vectors = (split: Split, count: number) => {
  const set = gaussianSet({ dimension: 20, classes: 10, split }, key);
  return { ...set, drawn: Array.from({ length: count }, (_, i) => set.example(i)) };
};

describe("the Gaussian set", () => {
  const { drawn, labeling } = vectors("test", 2000);

  it("draws N(0, I): means, variances and correlations", () => {
    for (let i = 0; i < 20; i++)
      for (let j = i; j < 20; j++) {
        const products = drawn.map(({ image }) => image[i]! * image[j]!);
        const mean = products.reduce((sum, product) => sum + product, 0) / drawn.length;
        // Five standard errors: the variance of a product is 1, that of a square 2.
        expect(Math.abs(mean - Number(i === j))).toBeLessThan(5 * Math.sqrt((i === j ? 2 : 1) / drawn.length));
      }
    for (let i = 0; i < 20; i++)
      expect(Math.abs(drawn.reduce((sum, { image }) => sum + image[i]!, 0) / drawn.length)).toBeLessThan(5 / Math.sqrt(drawn.length));
  });

  it("gives each vector the class whose row of W has the largest product with it", () => {
    for (const { image, label } of drawn) {
      const scores = Array.from({ length: 10 }, (_, c) => image.reduce((sum, entry, i) => sum + entry * labeling[c * 20 + i]!, 0));
      expect(scores.indexOf(Math.max(...scores))).toBe(label);
    }
    expect(new Set(drawn.map(({ label }) => label)).size).toBe(10);
  });

  it("shares W between splits, but no vector", () => {
    const train = vectors("train", 3);
    expect(train.labeling).toEqual(labeling);
    expect(train.drawn[0]!.image).not.toEqual(drawn[0]!.image);
    expect(vectors("test", 3).drawn).toEqual(drawn.slice(0, 3));
  });

  it("refuses what is no set and no place in it", () => {
    expect(() => gaussianSet({ dimension: 20, classes: 1, split: "test" }, key)).toThrow(LeakageError);
    expect(() => gaussianSet({ dimension: 0, classes: 2, split: "test" }, key)).toThrow(/dimension/);
    expect(() => gaussianSet({ dimension: 2, classes: 2, split: "test" }, key).example(-1)).toThrow(LeakageError);
  });
});
