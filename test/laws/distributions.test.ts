import { describe, expect, it } from "vitest";
import {
  ball,
  bernoulli,
  type Distribution,
  entrywiseMixture,
  laplace,
  laplaceMean,
  laplaceSum,
  mixture,
  normal,
  uniform,
} from "../../src/distributions/index.ts";
import { constant, filled, input, type Tensor } from "../../src/graph/index.ts";
import { Key, keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { kolmogorovSmirnov } from "./kolmogorov-smirnov.ts";

const count = 20_000;
const draw = (law: Distribution<Tensor>, seed = 1) => evaluate([law.sample(Key.input("key"))], { key: keyFromSeed(seed) })[0]!.data;

/** The distribution function that a law's density has on a fine grid, by the trapezoid rule. */
function cdfOf(law: (shape: readonly number[]) => { logProbs(event: Tensor): Tensor }, low: number, high: number): (x: number) => number {
  const n = 40_001;
  const step = (high - low) / (n - 1);
  const grid = Float64Array.from({ length: n }, (_, i) => low + i * step);
  const mass = evaluate([law([n]).logProbs(constant(grid)).exp()])[0]!.data;
  const sums = new Float64Array(n);
  for (let i = 1; i < n; i++) sums[i] = sums[i - 1]! + ((mass[i]! + mass[i - 1]!) / 2) * step;
  // Normalized, with its constants: the whole line has mass 1.
  expect(sums[n - 1]).toBeCloseTo(1, 3);
  return (x) => {
    const place = Math.min(n - 1.001, Math.max(0, (x - low) / step));
    const i = Math.floor(place);
    return sums[i]! + (place - i) * (sums[i + 1]! - sums[i]!);
  };
}

const laws = {
  normal: (shape: readonly number[]) => normal(filled(0.3, shape), 0.7),
  laplace: (shape: readonly number[]) => laplace(filled(0.3, shape), 0.7),
  "sum of three Laplace draws": (shape: readonly number[]) => laplaceSum(filled(0.3, shape), 0.7, 3),
  "mean of eight Laplace draws": (shape: readonly number[]) => laplaceMean(filled(0.3, shape), 2, 8),
  uniform: (shape: readonly number[]) => uniform(filled(-1, shape), constant(1.5)),
  mixture: (shape: readonly number[]) =>
    entrywiseMixture([
      { weight: 0.5, law: normal(filled(-2, shape), 0.1) },
      { weight: 0.3, law: laplace(filled(0.3, shape), 0.7) },
      { weight: 0.2, law: uniform(filled(2, shape), constant(3)) },
    ]),
} as const;

describe("what is drawn follows the density", () => {
  for (const [name, law] of Object.entries(laws))
    it(`${name}, and no other here`, () => {
      const sample = draw(law([count]));
      expect(kolmogorovSmirnov(sample, cdfOf(law, -14, 14))).toBeLessThan(2.2);
      for (const [other, another] of Object.entries(laws))
        if (other !== name) expect(kolmogorovSmirnov(sample, cdfOf(another, -14, 14)), other).toBeGreaterThan(2.2);
    });

  it("a mixture of whole events draws one part for all entries", () => {
    const parts = [-3, 3].map((center, i) => ({ weight: i ? 0.25 : 0.75, law: normal(filled(center, [2]), 0.5) }));
    const key = Key.input("key");
    const seeds = 400;
    const pairs = Array.from({ length: seeds }, (_, seed) => evaluate([mixture(parts).sample(key)], { key: keyFromSeed(seed) })[0]!.data);
    expect(pairs.every(([a, b]) => a! * b! > 0)).toBe(true);
    const high = pairs.filter(([a]) => a! > 0).length / seeds;
    expect(Math.abs(high - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / seeds));
  });

  it("masks keep their share", () => {
    const mask = draw(bernoulli(0.3, [count]));
    expect(new Set(mask)).toEqual(new Set([0, 1]));
    expect(Math.abs(mask.reduce((sum, x) => sum + x, 0) / count - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / count));
  });

  it("a ball around a center is filled evenly, over all entries of the shape together", () => {
    const center = constant([1, -2, 0.5, 0, 3, 1], [2, 3]);
    const key = Key.input("key");
    const radii = Float64Array.from({ length: 2000 }, (_, seed) => {
      const [away] = evaluate([ball(center, 2).sample(key).sub(center).square().sum().sqrt()], { key: keyFromSeed(seed) });
      return away!.data[0]!;
    });
    expect(kolmogorovSmirnov(radii, (r) => Math.min(1, r / 2) ** 6)).toBeLessThan(2.2);
  });

  it("the same key draws the same, another one anew", () => {
    for (const law of Object.values(laws)) {
      expect(draw(law([5]), 3)).toEqual(draw(law([5]), 3));
      expect(draw(law([5]), 3)).not.toEqual(draw(law([5]), 4));
    }
  });
});

it("a draw moves with its center", () => {
  const center = input("center", [3]);
  const [low, high] = evaluate([normal(center, 0.5).sample(Key.input("key")), laplaceSum(center, 0.5, 2).sample(Key.input("key"))], {
    center: [0, 0, 0],
    key: keyFromSeed(1),
  });
  const [moved, movedToo] = evaluate([normal(center, 0.5).sample(Key.input("key")), laplaceSum(center, 0.5, 2).sample(Key.input("key"))], {
    center: [1, 2, 3],
    key: keyFromSeed(1),
  });
  for (let i = 0; i < 3; i++) {
    expect(moved!.data[i]! - low!.data[i]!).toBeCloseTo(i + 1, 10);
    expect(movedToo!.data[i]! - high!.data[i]!).toBeCloseTo(i + 1, 10);
  }
});
