import { describe, expect, it } from "vitest";
import { preference, rescale } from "../../src/adversary/posterior/adapt.ts";
import { leapfrog } from "../../src/adversary/posterior/leapfrog.ts";
import { startingLaw } from "../../src/adversary/posterior/starting-law.ts";
import { ancestors, effectiveShare, nextHeat } from "../../src/adversary/posterior/tempering.ts";
import { constant } from "../../src/graph/index.ts";
import { models } from "../../src/models/index.ts";
import { foldIn, Key, keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";

describe("annealing", () => {
  const gains = [-3, 0, 2, 7, 1.5, -20];

  it.each([0, 0.01, 0.3])("raises β from %s as far as the weights of the chains stay effective", (heat) => {
    const next = nextHeat(heat, gains, 0);
    expect(effectiveShare(gains, next - heat)).toBeGreaterThanOrEqual(0.9 - 1e-6);
    expect(effectiveShare(gains, next - heat + 1e-3)).toBeLessThan(0.9);
    expect(next).toBeGreaterThan(heat);
  });

  it("ends at 1: at once where the weights are equal, and in time where they are not", () => {
    expect(nextHeat(0, [5, 5, 5], 0)).toBe(1);
    expect(nextHeat(0.5, [0, 1e6], 1)).toBe(1);
    expect(nextHeat(0, [0, 1e9], 0.5)).toBeCloseTo(0.01, 12);
  });

  it("counts the effective share of weights by Kish", () => {
    expect(effectiveShare([0, Math.log(3)], 1)).toBeCloseTo(16 / 20, 12);
    expect(effectiveShare([0, 1000], 1)).toBeCloseTo(0.5, 12);
  });

  it("copies each chain as often as its weight asks for, up to rounding", () => {
    const logs = [0.5, 0.25, 0.2, 0.05].map(Math.log);
    for (const u of [0, 0.3, 0.99]) {
      const parents = ancestors(logs, u);
      expect(parents).toHaveLength(4);
      logs.forEach((log, i) => {
        expect(Math.abs(parents.filter((one) => one === i).length - 4 * Math.exp(log))).toBeLessThan(1);
      });
    }
  });
});

describe("the law that chains start from", () => {
  const [mean, std] = [0.5, 0.25];
  const model = models.build("mlp:sizes=4", { shape: [1, 1, 1], classes: 2, normalization: { mean: [mean], std: [std] } });

  it.each([
    ["near the lower wall", -1.9],
    ["near the upper wall", 1.8],
  ])("draws %s what its density says", (_, found) => {
    const law = startingLaw(model, true, Float64Array.of(0.4));
    const [low, high, bins] = [-mean / std, (1 - mean) / std, 40];
    const width = (high - low) / bins;
    const centers = Array.from({ length: bins }, (_, i) => low + (i + 0.5) * width);
    const masses = centers.map((x) => Math.exp(evaluate([law.logProb(constant([x], [1]), constant([found], [1]))])[0]!.data[0]!));
    const total = masses.reduce((sum, one) => sum + one, 0);
    const draws = 4000;
    const counts = new Array<number>(bins).fill(0);
    const out = new Float32Array(1);
    for (let i = 0; i < draws; i++) {
      law.draw(foldIn(keyFromSeed(3), i), Float32Array.of(found), out);
      expect(out[0]).toBeGreaterThanOrEqual(low);
      expect(out[0]).toBeLessThanOrEqual(high);
      counts[Math.min(bins - 1, Math.floor((out[0]! - low) / width))]! += 1;
    }
    // The largest distance of the distribution functions, at 1e-4 by Kolmogorov and Smirnov.
    let [drawn, expected, largest] = [0, 0, 0];
    for (let i = 0; i < bins; i++) {
      drawn += counts[i]! / draws;
      expected += masses[i]! / total;
      largest = Math.max(largest, Math.abs(drawn - expected));
    }
    expect(largest).toBeLessThan(2.23 / Math.sqrt(draws));
  });
});

describe("a leapfrog step", () => {
  it("moves a chain by its scales, and measures the jump in them", () => {
    const scale = [0.1, 10];
    const at = [1, -20];
    const log = (x: ReturnType<typeof constant>) =>
      x
        .div(constant(scale, [2]))
        .square()
        .sum()
        .mul(-0.5);
    const law = { logProb: () => constant(0), draw: () => {} };
    const zero = constant(0);
    const state = constant(at, [2]);
    const slope = constant(
      at.map((x, i) => -x / scale[i]! ** 2),
      [2],
    );
    const chain = { state, log: log(state), slope, start: zero, point: state, velocity: state, energy: zero, chance: zero, jump: zero };
    const tempo = { heat: constant(1), step: constant(0.1), scale: constant(scale, [2]), found: state };
    const beat = { begins: constant(1), ends: constant(1), trajectory: constant(3) };
    const next = leapfrog(log, law, chain, tempo, beat, { key: Key.input("key").tensor, pace: constant(1) });
    const [point, chance, jump] = evaluate([next.point, next.chance, next.jump], { key: keyFromSeed(6) }).map(({ data }) => data);
    const moved = Math.hypot(...[0, 1].map((i) => (point![i]! - at[i]!) / scale[i]!));
    expect(moved).toBeGreaterThan(0.01);
    expect(chance![0]).toBeGreaterThan(0.5);
    expect(jump![0]).toBeCloseTo(moved ** 2 * chance![0]!, 10);
  });

  it("prefers the pace of the chains that jump farther", () => {
    expect(preference(Float32Array.of(3, 1, 3, 1))).toBeCloseTo(0.5, 12);
    expect(preference(Float32Array.of(1, 3))).toBeCloseTo(-0.5, 12);
    expect(preference(Float32Array.of(0, 0))).toBe(-1);
  });
});

it("scales follow the deviations over chains, by a factor of 2 at most", () => {
  const lane = { heat: 1, step: 1, scale: Float64Array.of(1, 1, 1), leastShare: 1, acceptance: 1, highest: 0, failed: false };
  const state = Float32Array.of(0, 0, 0, /* */ 2.4, 20, 0.2);
  const none = new Float32Array();
  const chain = { state, log: none, slope: none, start: none, point: none, velocity: none, energy: none, chance: none, jump: none };
  rescale(lane, { chain, from: 0, chains: 2, size: 3 });
  expect([...lane.scale].map((one) => Math.round(1e5 * one) / 1e5)).toEqual([1.2, 2, 0.5]);
});
