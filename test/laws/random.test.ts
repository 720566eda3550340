import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Filler,
  fillBernoulli,
  fillLaplace,
  fillNormal,
  fillTruncatedNormal,
  fillUniform,
  fillUnitBall,
  foldIn,
  type KeyBits,
  keyFromSeed,
  randomBits,
  split,
} from "../../src/random/index.ts";
import { kolmogorovSmirnov } from "./kolmogorov-smirnov.ts";

const word = fc.integer({ min: 0, max: 0xffffffff });
const key = fc.tuple(word, word) as fc.Arbitrary<KeyBits>;
const draw = (fill: Filler, seed: KeyBits, count: number): Float64Array => {
  const out = new Float64Array(count);
  fill(seed, out);
  return out;
};

/** Φ by Simpson's rule from 0: independent of the quantile under test. */
function normalCdf(x: number): number {
  const step = x / 64;
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(x);
  for (let i = 1; i < 64; i++) sum += density(i * step) * (i % 2 ? 4 : 2);
  return 0.5 + (sum * step) / 3;
}

const count = 20_000;
const laws: readonly { name: string; fill: Filler; cdf: (x: number) => number }[] = [
  { name: "uniform", fill: fillUniform, cdf: (x) => x },
  { name: "normal", fill: fillNormal, cdf: normalCdf },
  {
    name: "truncated normal",
    fill: fillTruncatedNormal,
    cdf: (x) => (normalCdf(x) - normalCdf(-2)) / (normalCdf(2) - normalCdf(-2)),
  },
  { name: "laplace", fill: fillLaplace, cdf: (x) => (x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2) },
];

describe("distributions", () => {
  for (const { name, fill, cdf } of laws)
    it(`${name} follows its law, and no other here`, () => {
      const sample = draw(fill, keyFromSeed(1), count);
      expect(kolmogorovSmirnov(sample, cdf)).toBeLessThan(2.2);
      for (const other of laws.filter((law) => law.name !== name && law.name !== "uniform"))
        expect(kolmogorovSmirnov(sample, other.cdf), other.name).toBeGreaterThan(2.2);
    });

  it("bernoulli has its mean, its two values, and its ends", () => {
    const sample = draw(fillBernoulli(0.3), keyFromSeed(2), count);
    expect(new Set(sample)).toEqual(new Set([0, 1]));
    expect(Math.abs(sample.reduce((sum, x) => sum + x, 0) / count - 0.3)).toBeLessThan((4 * Math.sqrt(0.21)) / Math.sqrt(count));
    expect(draw(fillBernoulli(0), keyFromSeed(2), count).every((x) => x === 0)).toBe(true);
    expect(draw(fillBernoulli(1), keyFromSeed(2), count).every((x) => x === 1)).toBe(true);
  });

  for (const dimension of [1, 2, 7, 3072])
    it(`the ball of dimension ${dimension} is filled evenly`, () => {
      const rows = 4000;
      const used = Math.min(rows, Math.floor(2_000_000 / dimension));
      const sample = draw(fillUnitBall(dimension), keyFromSeed(3), used * dimension);
      const point = (row: number) => sample.subarray(row * dimension, (row + 1) * dimension);
      const radii = Float64Array.from({ length: used }, (_, row) => Math.sqrt(point(row).reduce((sum, x) => sum + x * x, 0)));
      expect(kolmogorovSmirnov(radii, (r) => Math.min(1, r) ** dimension)).toBeLessThan(2.2);
      // No direction is preferred: every coordinate has mean 0 and variance 1 / (dimension + 2).
      const scale = Math.sqrt(1 / (dimension + 2) / used);
      for (const axis of [0, dimension - 1]) {
        let mean = 0;
        for (let row = 0; row < used; row++) mean += point(row)[axis]! / used;
        expect(Math.abs(mean)).toBeLessThan(4 * scale);
      }
    });
});

describe("keys", () => {
  it("the same key gives the same draws; a Float64Array gets the float32 values", () => {
    fc.assert(
      fc.property(key, fc.integer({ min: 0, max: 1300 }), (seed, n) => {
        for (const fill of [fillUniform, fillNormal, fillTruncatedNormal, fillLaplace, fillBernoulli(0.5), fillUnitBall(1)]) {
          const single = new Float32Array(n);
          fill(seed, single);
          expect(Float64Array.from(single)).toEqual(draw(fill, seed, n));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("a longer draw begins with the shorter one, across chunks", () => {
    fc.assert(
      fc.property(key, fc.nat(1500), fc.nat(1500), (seed, short, more) => {
        expect(randomBits(seed, short + more).subarray(0, short)).toEqual(randomBits(seed, short));
        expect(draw(fillNormal, seed, short + more).subarray(0, short)).toEqual(draw(fillNormal, seed, short));
      }),
      { numRuns: 50 },
    );
  });

  it("split(key, n) begins split(key, n + m), and differs everywhere", () => {
    fc.assert(
      fc.property(key, fc.nat(50), fc.nat(50), (seed, n, m) => {
        const keys = split(seed, n + m);
        expect(keys.slice(0, n)).toEqual(split(seed, n));
        expect(new Set(keys.map(String)).size).toBe(n + m);
      }),
    );
  });

  it("foldIn is one to one in its number, and stays in 32 bits", () => {
    fc.assert(
      fc.property(key, word, word, (seed, a, b) => {
        const one = foldIn(seed, a);
        expect(one.every((x) => Number.isInteger(x) && x >= 0 && x <= 0xffffffff)).toBe(true);
        expect(String(one) === String(foldIn(seed, b))).toBe(a === b);
      }),
    );
  });

  it("changing one bit of a key changes half of the bits drawn", () => {
    fc.assert(
      fc.property(key, fc.nat(63), ([high, low], bit) => {
        const other: KeyBits = bit < 32 ? [(high ^ (1 << bit)) >>> 0, low] : [high, (low ^ (1 << (bit - 32))) >>> 0];
        const theirs = randomBits(other, 256);
        const flipped = randomBits([high, low], 256).reduce((sum, x, i) => sum + ones(x ^ theirs[i]!), 0);
        // 8192 fair coins: six standard deviations.
        expect(Math.abs(flipped - 4096)).toBeLessThan(6 * Math.sqrt(2048));
      }),
    );
  });

  it("streams of folded keys are uncorrelated, with each other and with their parent", () => {
    const parent = keyFromSeed(11);
    const streams = [parent, ...Array.from({ length: 6 }, (_, i) => foldIn(parent, i)), foldIn(foldIn(parent, 0), 0)].map((seed) =>
      draw(fillNormal, seed, 10_000),
    );
    for (const [i, a] of streams.entries())
      for (const b of streams.slice(i + 1))
        expect(Math.abs(a.reduce((sum, x, n) => sum + x * b[n]!, 0)) / Math.sqrt(a.length)).toBeLessThan(4.5);
  });
});

/** How many bits of a word are 1. */
function ones(x: number): number {
  let count = 0;
  for (let rest = x >>> 0; rest > 0; rest >>>= 1) count += rest & 1;
  return count;
}
