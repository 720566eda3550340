import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalCdf } from "../../src/accounting/index.ts";
import {
  bonferroni,
  bootstrapMean,
  bootstrapMedian,
  clopperPearson,
  clusterBootstrap,
  clusterProportion,
  distanceQuantiles,
  dkwBand,
  mcnemar,
  riskAt,
  riskCurve,
  smallestPassingSample,
  tango,
} from "../../src/metrics/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";

const key = keyFromSeed(1);

describe("Clopper-Pearson", () => {
  it("ends in closed form when all or none succeeded", () => {
    expect(clopperPearson(0, 20, 0.95)).toEqual({ estimate: 0, lower: 0, upper: expect.closeTo(1 - 0.025 ** (1 / 20), 14) });
    expect(clopperPearson(20, 20, 0.95)).toEqual({ estimate: 1, lower: expect.closeTo(0.025 ** (1 / 20), 14), upper: 1 });
  });

  it("is mirrored by its complement, and grows with the successes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.double({ min: 0.5, max: 0.999, noNaN: true }), fc.nat(), (n, confidence, some) => {
        const k = some % (n + 1);
        const [interval, mirrored] = [clopperPearson(k, n, confidence), clopperPearson(n - k, n, confidence)];
        expect(interval.lower).toBeCloseTo(1 - mirrored.upper, 12);
        expect(interval.lower).toBeLessThanOrEqual(k / n);
        expect(interval.upper).toBeGreaterThanOrEqual(k / n);
        if (k < n) expect(clopperPearson(k + 1, n, confidence).lower).toBeGreaterThan(interval.lower);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [-1, 10],
    [11, 10],
    [0.5, 10],
    [0, 0],
  ])("refuses %d of %d", (successes, n) => {
    expect(() => clopperPearson(successes, n, 0.95)).toThrow(/count|integer/);
  });

  it("refuses a confidence of 95 in place of 0.95", () => {
    expect(() => clopperPearson(1, 10, 95)).toThrow("A confidence level must be between 0 and 1, exclusive, such as 0.95; got 95.");
  });
});

it("the standard normal distribution keeps the digits of its lower tail, and is 1 in the upper one", () => {
  expect(normalCdf(-9.5) / 1.04945150753626e-21 - 1).toBeCloseTo(0, 12);
  expect(normalCdf(-20) / 2.7536241186062337e-89 - 1).toBeCloseTo(0, 12);
  expect(normalCdf(-Infinity)).toBe(0);
  for (const x of [9.5, 20, Infinity]) expect(normalCdf(x)).toBe(1);
});

describe("the smallest sample that can pass", () => {
  it("is 72 for 5 % at two-sided 95 % and one attack", () => {
    expect(smallestPassingSample(0.05, 0.95, 1)).toBe(72);
  });

  it("passes, and one draw less does not", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.9, noNaN: true }),
        fc.double({ min: 0.5, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 9 }),
        (t, c, attacks) => {
          const n = smallestPassingSample(t, c, attacks);
          const upper = (draws: number) => clopperPearson(0, draws, bonferroni(c, attacks)).upper;
          expect(upper(n)).toBeLessThanOrEqual(t);
          if (n > 1) expect(upper(n - 1)).toBeGreaterThan(t);
        },
      ),
    );
  });
});

describe("Bonferroni", () => {
  it("splits what is left of 1", () => {
    expect(bonferroni(0.95, 1)).toBeCloseTo(0.95, 15);
    expect(bonferroni(0.95, 5)).toBeCloseTo(0.99, 15);
    expect(() => bonferroni(0.95, 0)).toThrow("The number of intervals must be an integer of at least 1; got 0.");
  });
});

describe("paired attacks", () => {
  it("McNemar counts coins: 5 of 5 discordant pairs on one side have p = 1/16", () => {
    expect(mcnemar({ onlyFirst: 5, onlySecond: 0 })).toBeCloseTo(1 / 16, 14);
    expect(mcnemar({ onlyFirst: 0, onlySecond: 0 })).toBe(1);
    expect(mcnemar({ onlyFirst: 4, onlySecond: 4 })).toBe(1);
  });

  it("Tango's interval is z²/(n + z²) where the attacks always agree", () => {
    const z = 1.959963984540054;
    const { estimate, lower, upper } = tango({ both: 3, onlyFirst: 0, onlySecond: 0, neither: 27 }, 0.95);
    expect(estimate).toBe(0);
    expect(upper).toBeCloseTo(z ** 2 / (30 + z ** 2), 9);
    expect(lower).toBeCloseTo(-upper, 12);
  });

  it("Tango's interval changes its sign with the attacks' places, and stays in [−1, 1]", () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), fc.nat(60), fc.integer({ min: 1, max: 60 }), (both, onlyFirst, onlySecond, neither) => {
        const one = tango({ both, onlyFirst, onlySecond, neither }, 0.95);
        const other = tango({ both, onlyFirst: onlySecond, onlySecond: onlyFirst, neither }, 0.95);
        expect(one.lower).toBeCloseTo(-other.upper, 9);
        expect(one.lower).toBeLessThan(one.estimate);
        expect(one.upper).toBeGreaterThan(one.estimate);
        expect(Math.max(-one.lower, one.upper)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
    expect(tango({ both: 0, onlyFirst: 9, onlySecond: 0, neither: 0 }, 0.95).upper).toBe(1);
  });

  it("refuses a table without draws", () => {
    expect(() => tango({ both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 }, 0.95)).toThrow(
      "The number of draws must be an integer of at least 1; got 0.",
    );
  });
});

describe("the risk curve", () => {
  const curve = riskCurve([3, 1, Number.NaN, 1, 2, Infinity, 0.5, 2.5], 0.95);

  it("falls at each distance, and counts a failure as farther than any radius", () => {
    expect(curve.points.map(({ delta, risk }) => [delta, risk * 8])).toEqual([
      [0, 8],
      [0.5, 7],
      [1, 5],
      [2, 4],
      [2.5, 3],
      [3, 2],
    ]);
    // An image at δ counts as recovered.
    expect(riskAt(curve, 1).risk).toBe(5 / 8);
    expect(riskAt(curve, 0.999).risk).toBe(7 / 8);
    expect(riskAt(curve, 1e9).risk).toBe(2 / 8);
    expect(riskAt(riskCurve([0, 0, 1], 0.95), 0).risk).toBeCloseTo(1 / 3, 15);
    expect(() => riskAt(curve, -1)).toThrow("radii of at least 0");
  });

  it("has a band of ε on either side, cut at 0 and 1", () => {
    expect(curve.epsilon).toBeCloseTo(Math.sqrt(Math.log(40) / 16), 12);
    const many = riskCurve(
      Array.from({ length: 400 }, (_, i) => i),
      0.95,
    );
    const { risk, lower, upper } = riskAt(many, 199);
    expect([upper - risk, risk - lower]).toEqual([expect.closeTo(many.epsilon, 12), expect.closeTo(many.epsilon, 12)]);
    expect([riskAt(many, 0).upper, riskAt(many, 399).lower]).toEqual([1, 0]);
  });

  it("counts clusters, not the draws in them", () => {
    const distances = Array.from({ length: 120 }, (_, i) => i / 7);
    expect(riskCurve(distances, 0.95, 4).epsilon).toBeCloseTo(Math.sqrt(Math.log((2 * 4) / 0.05) / (2 * 30)), 12);
    expect(riskCurve(distances, 0.95, 4).epsilon).toBeGreaterThan(dkwBand(30, 0.95));
    expect(() => riskCurve(distances, 0.95, 7)).toThrow("120 distances do not divide into clusters of 7.");
  });

  it("has quantiles like numpy's, and the draw that was found best", () => {
    // numpy.quantile([4, 1, 2, 8], [0, 0.1, 0.5, 0.9, 1])
    const { quantiles, nearest } = distanceQuantiles([4, 1, 2, 8], [0, 0.1, 0.5, 0.9, 1]);
    expect(quantiles.map(({ distance }) => distance)).toEqual([1, 1.3, 3, expect.closeTo(6.8, 12), 8]);
    expect(nearest).toEqual({ index: 1, distance: 1 });
    // Of the distances 0, 1, …, 100, the quantile at p is 100 p.
    const usual = distanceQuantiles(Array.from({ length: 101 }, (_, i) => 100 - i)).quantiles;
    expect(usual.map(({ probability }) => probability)).toEqual([0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]);
    for (const { probability, distance } of usual) expect(distance).toBeCloseTo(100 * probability, 9);
    const failed = distanceQuantiles([Number.NaN, 5, Infinity], [0, 0.5, 0.75, 1]);
    expect(failed.quantiles.map(({ distance }) => distance)).toEqual([5, Infinity, Infinity, Infinity]);
    expect(failed.nearest).toEqual({ index: 1, distance: 5 });
    for (const wrong of [-0.1, 1.1, Number.NaN])
      expect(() => distanceQuantiles([1, 2], [0.5, wrong])).toThrow(`The probability of a quantile must be from 0 to 1; got ${wrong}.`);
    expect(() => distanceQuantiles([])).toThrow("The number of distances must be an integer of at least 1; got 0.");
  });
});

describe("bootstraps", () => {
  const values = [0.3, 2.5, -1, 0.25, 0.7, 4, 0.1, -0.2];
  const options = { confidence: 0.95, resamples: 500 };

  it("follow from the key alone", () => {
    expect(bootstrapMean(values, key, options)).toEqual(bootstrapMean(values, key, options));
    expect(bootstrapMean(values, keyFromSeed(2), options)).not.toEqual(bootstrapMean(values, key, options));
  });

  it("move with the values, and turn with their sign", () => {
    const [plain, moved, turned] = [values, values.map((x) => 2 * x + 8), values.map((x) => -x)].map((xs) =>
      bootstrapMedian(xs, key, options),
    );
    for (const end of ["estimate", "lower", "upper"] as const) expect(moved![end]).toBeCloseTo(2 * plain![end] + 8, 9);
    expect(turned!.estimate).toBeCloseTo(-plain!.estimate, 12);
    expect(turned!.lower).toBeLessThan(turned!.estimate);
  });

  it("of clusters of one are those of values", () => {
    expect(
      clusterBootstrap(
        values.map((x) => [x]),
        key,
        options,
      ),
    ).toEqual(bootstrapMean(values, key, options));
  });

  it("of clusters that repeat their value are as wide as if each were given once", () => {
    const repeated = clusterBootstrap(
      values.map((x) => [x, x, x, x]),
      key,
      options,
    );
    const once = bootstrapMean(values, key, options);
    for (const end of ["estimate", "lower", "upper"] as const) expect(repeated[end]).toBeCloseTo(once[end], 12);
  });

  it("have no width where all values are equal", () => {
    expect(bootstrapMean([2, 2, 2], key, options)).toEqual({ estimate: 2, lower: 2, upper: 2 });
  });

  it("of a share are never tighter than Clopper-Pearson on clusters that all agree", () => {
    const clusters = (recovered: number) => Array.from({ length: 72 }, (_, i) => [i < recovered, false, false, false]);
    expect(clusterProportion(clusters(0), key, options)).toEqual(clopperPearson(0, 72, 0.95));
    // Resampling alone would put the end at 0.014: one recovered image must not make a gate easier
    // to pass than none.
    expect(
      clusterBootstrap(
        clusters(1).map((draws) => draws.map(Number)),
        key,
        options,
      ).upper,
    ).toBeLessThan(0.02);
    expect(clusterProportion(clusters(1), key, options).upper).toBe(clopperPearson(0, 72, 0.95).upper);
    expect(clusterProportion(clusters(60), key, options).upper).toBeGreaterThan(clusterProportion(clusters(30), key, options).upper);
  });

  it("refuse what cannot be resampled", () => {
    expect(() => bootstrapMean([1], key, options)).toThrow("The number of values to resample must be an integer of at least 2; got 1.");
    expect(() => bootstrapMedian([1, Number.NaN], key, options)).toThrow("A bootstrap needs finite numbers; value 1 is NaN.");
    expect(() => clusterBootstrap([[1], []], key, options)).toThrow("Every cluster needs at least one value; cluster 1 has none.");
    expect(() => bootstrapMean(values, key, { confidence: 1, resamples: 500 })).toThrow("A confidence level must be between 0 and 1");
    expect(() => bootstrapMean(values, key, { confidence: 0.95, resamples: 10 })).toThrow(
      "The number of resamples must be an integer of at least 100",
    );
  });
});
