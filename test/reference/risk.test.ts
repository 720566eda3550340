import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { normalCdf, normalQuantile } from "../../src/accounting/index.ts";
import { bootstrapMean, bootstrapMedian, clopperPearson, clusterBootstrap, dkwBand, mcnemar, tango } from "../../src/metrics/index.ts";
import { studentQuantile } from "../../src/metrics/student.ts";
import { keyFromSeed } from "../../src/random/index.ts";

// risk.py beside this file has the expressions.
interface Fixture {
  readonly clopperPearson: readonly { successes: number; n: number; confidence: number; ends: Ends }[];
  readonly dkw: readonly { n: number; confidence: number; exact: number }[];
  readonly mcnemar: readonly { onlyFirst: number; onlySecond: number; pValue: number }[];
  readonly tango: readonly { both: number; onlyFirst: number; onlySecond: number; neither: number; confidence: number; ends: Ends }[];
  readonly bootstrap: {
    readonly seed: number;
    readonly resamples: number;
    readonly cases: readonly (
      | { statistic: "mean" | "median"; data: readonly number[]; confidence: number; ends: Ends }
      | { statistic: "clusters"; data: readonly (readonly number[])[]; confidence: number; ends: Ends }
    )[];
  };
  readonly studentQuantile: readonly (readonly [p: number, freedom: number, t: number])[];
  readonly normalQuantile: readonly (readonly [p: number, x: number])[];
}
type Ends = readonly [lower: number, upper: number];
const fixture = JSON.parse(readFileSync(new URL("risk.json", import.meta.url), "utf8")) as Fixture;

const expectEnds = ({ lower, upper }: { lower: number; upper: number }, ends: Ends, tolerance: number) => {
  expect(Math.abs(lower - ends[0]), "lower").toBeLessThan(tolerance);
  expect(Math.abs(upper - ends[1]), "upper").toBeLessThan(tolerance);
};

describe("statistics of risk equal SciPy's and statsmodels'", () => {
  it.each(fixture.clopperPearson)("Clopper-Pearson, $successes of $n at $confidence", ({ successes, n, confidence, ends }) => {
    expectEnds(clopperPearson(successes, n, confidence), ends, 1e-11);
  });

  it.each(fixture.dkw)(
    "DKW is at most 5 % wider than the exact band of $n draws at $confidence, never narrower",
    ({ n, confidence, exact }) => {
      expect(dkwBand(n, confidence)).toBeGreaterThanOrEqual(exact);
      expect(dkwBand(n, confidence)).toBeLessThan(exact * (n < 100 ? 1.06 : 1.02));
    },
  );

  it.each(fixture.mcnemar)("McNemar, $onlyFirst against $onlySecond", ({ pValue, ...counts }) => {
    expect(Math.abs(mcnemar(counts) - pValue)).toBeLessThan(1e-12);
  });

  it.each(fixture.tango)("Tango, $both/$onlyFirst/$onlySecond/$neither at $confidence", ({ ends, confidence, ...counts }) => {
    expectEnds(tango(counts, confidence), ends, 1e-7);
  });

  it("Tango as published: Fagerland, Lydersen and Laake (2014), airway hyper-responsiveness, −0.517 to −0.026", () => {
    expectEnds(tango({ both: 1, onlyFirst: 1, onlySecond: 7, neither: 12 }, 0.95), [-0.517, -0.026], 5e-4);
  });

  it.each(fixture.bootstrap.cases)("bootstrap of the $statistic at $confidence", ({ statistic, data, confidence, ends }) => {
    const key = keyFromSeed(fixture.bootstrap.seed);
    const options = { confidence, resamples: fixture.bootstrap.resamples };
    const interval =
      statistic === "clusters"
        ? clusterBootstrap(data, key, options)
        : (statistic === "mean" ? bootstrapMean : bootstrapMedian)(data, key, options);
    expectEnds(interval, ends, 1e-9);
  });

  it("Student's quantiles", () => {
    for (const [p, freedom, t] of fixture.studentQuantile)
      expect(Math.abs(studentQuantile(p, freedom) / t - 1), `at ${p}, ${freedom}`).toBeLessThan(1e-10);
  });

  it("normal quantiles, and back", () => {
    for (const [p, x] of fixture.normalQuantile) {
      expect(Math.abs(normalQuantile(p) - x), `at ${p}`).toBeLessThan(1e-6 * Math.max(1e-6 / p, 1e-6));
      expect(Math.abs(normalCdf(x) - p)).toBeLessThan(1e-15);
    }
    // A share that is less than 0 or more than 1 would be no place among resamples, and an interval
    // would end at no number.
    for (let x = -10; x <= 10; x += 0.01) expect(Math.abs(normalCdf(x) - 0.5)).toBeLessThanOrEqual(0.5);
  });
});
