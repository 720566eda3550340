import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  defaultDelta,
  distance,
  type ImageShape,
  matchImages,
  mse,
  psnr,
  psnrCap,
  psnrUnclamped,
  score,
  ssim,
  summarize,
} from "../../src/metrics/index.ts";

const shape: ImageShape = [3, 12, 13];
const size = 3 * 12 * 13;
const flat = (value: number) => new Float32Array(size).fill(value);
const image = fc.float32Array({ minLength: size, maxLength: size, min: -0.5, max: 1.5, noNaN: true });

describe("PSNR", () => {
  it("is 20 dB at an error of 0.1 everywhere", () => {
    expect(psnr(flat(0.25), flat(0.35))).toBeCloseTo(20, 5);
    expect(psnrUnclamped(flat(0.25), flat(0.35))).toBeCloseTo(20, 5);
  });

  it("clamps, unless asked not to", () => {
    expect(psnr(flat(1), flat(1.5))).toBe(psnrCap);
    expect(psnr(flat(0.9), flat(7))).toBeCloseTo(20, 5);
    expect(psnrUnclamped(flat(1), flat(1.5))).toBeCloseTo(-10 * Math.log10(0.25), 5);
  });

  it("is capped for equal images, and for nearly equal ones", () => {
    expect(psnr(flat(0.5), flat(0.5))).toBe(400);
    const [zeros, tiny] = [new Float32Array(4), new Float32Array(4).fill(1e-22)];
    expect(psnr(zeros, tiny)).toBe(400);
  });

  it("has the error of a black against a white image", () => {
    expect(mse(flat(0), flat(1))).toBe(1);
    expect(psnr(flat(0), flat(1))).toBeCloseTo(0, 12);
  });
});

describe("SSIM", () => {
  it("is 1 for equal images, symmetric, and at most 1", () => {
    fc.assert(
      fc.property(image, image, (x, y) => {
        expect(ssim(x, x, shape)).toBeCloseTo(1, 12);
        expect(ssim(x, y, shape)).toBeCloseTo(ssim(y, x, shape)!, 12);
        expect(Math.abs(ssim(x, y, shape)!)).toBeLessThanOrEqual(1 + 1e-12);
      }),
      { numRuns: 20 },
    );
  });

  it("leaves the luminance term for flat images", () => {
    // (2ab + c1) / (a² + b² + c1), c1 = 0.01²
    expect(ssim(flat(0.25), flat(0.75), shape)).toBeCloseTo((2 * 0.25 * 0.75 + 1e-4) / (0.25 ** 2 + 0.75 ** 2 + 1e-4), 12);
  });

  it("is undefined for images smaller than its window", () => {
    expect(ssim(new Float32Array(110), new Float32Array(110), [1, 10, 11])).toBeNull();
    expect(ssim(new Float32Array(121), new Float32Array(121), [1, 11, 11])).toBeCloseTo(1, 12);
  });
});

describe("distance", () => {
  it("is Euclidean in pixels, divided by std in model space", () => {
    expect(distance(flat(0), flat(0.5), shape)).toBeCloseTo(0.5 * Math.sqrt(size), 12);
    const model = distance(flat(0), flat(0.5), shape, { space: "model", std: [1, 0.5, 0.25] });
    expect(model).toBeCloseTo(0.5 * Math.sqrt((size / 3) * (1 + 4 + 16)), 12);
  });

  it("clamps guesses to [0, 1], as the PSNR does, unless they are vectors", () => {
    expect(distance(flat(1), flat(3), shape)).toBe(0);
    expect(distance(flat(0.25), flat(-3), shape)).toBeCloseTo(0.25 * Math.sqrt(size), 12);
    expect(distance(flat(1), flat(3), shape, { space: "pixel", clamps: false })).toBeCloseTo(2 * Math.sqrt(size), 12);
    const inModel = { space: "model", std: [0.5, 0.5, 0.5] } as const;
    expect(distance(flat(1), flat(3), shape, inModel)).toBe(0);
    // What is not a number is near to nothing.
    for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) expect(distance(flat(1), flat(value), shape)).toBe(Infinity);
    expect(distance(flat(1), flat(Number.NaN), shape)).toBeNaN();
  });

  it("has a default radius that is 20 dB", () => {
    expect(distance(flat(0.5), flat(0.6), shape)).toBeCloseTo(defaultDelta(shape), 5);
    expect(defaultDelta([3, 32, 32])).toBeCloseTo(5.5426, 4);
  });
});

describe("matching", () => {
  it("undoes a permutation", () => {
    const permuted = fc.integer({ min: 1, max: 6 }).chain((n) => fc.shuffledSubarray([...Array(n).keys()], { minLength: n, maxLength: n }));
    fc.assert(
      fc.property(permuted, (order) => {
        const truths = order.map((_, i) => flat(i / 10));
        expect(
          matchImages(
            truths,
            order.map((i) => flat(i / 10 + 0.01)),
          ),
        ).toEqual(order.map((_, i) => order.indexOf(i)));
      }),
    );
  });

  it("uses no reconstruction twice, though one is nearest to both", () => {
    const [a, b] = [flat(0.4), flat(0.5)];
    expect(matchImages([a, b], [flat(0.5), flat(0)])).toEqual([1, 0]);
    expect(matchImages([a, b], [flat(0), flat(0.5)])).toEqual([0, 1]);
  });

  it("is the best of all permutations", () => {
    const images = fc.array(fc.float32Array({ minLength: 3, maxLength: 3, min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    fc.assert(
      fc.property(images, images, (truths, guesses) => {
        const cost = (order: readonly number[]) => order.reduce((sum, guess, truth) => sum + mse(truths[truth]!, guesses[guess]!), 0);
        expect(cost(matchImages(truths, guesses))).toBeCloseTo(Math.min(...orders.map(cost)), 10);
      }),
    );
  });
});

describe("summary", () => {
  it("has mean, median and worst", () => {
    expect(summarize([3, 1, 2, 10], "more")).toEqual({ mean: 4, median: 2.5, worst: 1 });
    expect(summarize([3, 1, 2], "less")).toEqual({ mean: 2, median: 2, worst: 3 });
    expect(summarize([7], "more")).toEqual({ mean: 7, median: 7, worst: 7 });
    expect(summarize([], "more")).toBeNull();
  });
});

describe("score", () => {
  it("has every metric", () => {
    const all = score(flat(0.5), flat(0.6), shape);
    expect(all.psnr).toBeCloseTo(20, 4);
    expect(all.psnrUnclamped).toBeCloseTo(20, 4);
    expect(all.mse).toBeCloseTo(0.01, 7);
    expect(all.distance).toBeCloseTo(defaultDelta(shape), 4);
    expect(all.ssim).toBeCloseTo((2 * 0.3 + 1e-4) / (0.25 + 0.36 + 1e-4), 6);
  });
});
