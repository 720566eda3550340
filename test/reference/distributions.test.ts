import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  ball,
  bernoulli,
  entrywiseMixture,
  type Independent,
  laplace,
  laplaceMean,
  laplaceSum,
  mixture,
  normal,
  uniform,
} from "../../src/distributions/index.ts";
import { constant, filled, grad, input } from "../../src/graph/index.ts";
import { compile, evaluate } from "../../src/runtime/index.ts";

const fixture = JSON.parse(readFileSync(new URL("distributions.json", import.meta.url), "utf8"));
const points: readonly number[] = fixture.points;
const at = constant(points);
const mean = filled(fixture.mean, [points.length]);
const numbers = (law: Independent, events = at): number[] => [...evaluate([law.logProbs(events)])[0]!.data];

/** Each entry to 11 digits, and their sum from logProb. */
function expectEqual(law: Independent, expected: readonly (number | null)[], events = at): void {
  numbers(law, events).forEach((value, i) => {
    const wanted = expected[i] ?? Number.NEGATIVE_INFINITY;
    if (Number.isFinite(wanted)) expect(Math.abs(value - wanted), `entry ${i}`).toBeLessThan(1e-10 * Math.max(1, Math.abs(wanted)));
    else expect(value).toBe(wanted);
  });
  const sum = expected.reduce<number>((total, log) => total + (log ?? Number.NEGATIVE_INFINITY), 0);
  const [all] = evaluate([law.logProb(events)])[0]!.data;
  if (Number.isFinite(sum)) expect(Math.abs(all! - sum)).toBeLessThan(1e-9 * Math.abs(sum));
  else expect(all).toBe(sum);
}

describe("logarithms of densities equal SciPy's, with constants", () => {
  it("normal, Laplace", () => {
    for (const { sigma, logProbs } of fixture.normal) expectEqual(normal(mean, sigma), logProbs);
    for (const { b, logProbs } of fixture.laplace) expectEqual(laplace(mean, b), logProbs);
  });

  it("sum of Laplace draws, to a count of 100", () => {
    for (const { b, count, logProbs } of fixture.laplaceSum) {
      expectEqual(laplaceSum(mean, b, count), logProbs);
      // The mean of n draws of scale n b is the sum of n draws of scale b.
      expectEqual(laplaceMean(mean, count * b, count), logProbs);
    }
  });

  it("in float32 too, where powers and factorials would overflow; with a finite derivative at the kink", async () => {
    for (const { b, count, logProbs } of fixture.laplaceSum) {
      const x = input("x", [points.length]);
      const logs = laplaceSum(mean, b, count).logProbs(x);
      const program = await compile({ logs, slope: grad(logs.sum(), [x])[0]! }, { threads: 1 });
      const fast = await program.run({ x: Float32Array.from(points, (p) => p) });
      const kink = await program.run({ x: new Float32Array(points.length).fill(fixture.mean) });
      await program.dispose();
      logProbs.forEach((wanted: number, i: number) => {
        expect(Math.abs(fast.logs[i]! - wanted), `${count} draws, entry ${i}`).toBeLessThan(
          2e-6 * (count + Math.abs(wanted) + Math.abs(points[i]!) / b),
        );
      });
      expect([...fast.slope, ...kink.slope].every(Number.isFinite)).toBe(true);
      expect([...kink.logs].every(Number.isFinite)).toBe(true);
    }
  });

  it("uniform on a box, with its ends and nothing outside", () => {
    const { low, high, logProbs } = fixture.uniform;
    expectEqual(uniform(constant(low), filled(high, [points.length])), logProbs);
  });

  it("Bernoulli masks", () => {
    for (const { p, logProbs } of fixture.bernoulli) expectEqual(bernoulli(p, [2]), logProbs, constant([0, 1]));
    expect(numbers(bernoulli(0.3, [1]), constant([0.5]))).toEqual([Number.NEGATIVE_INFINITY]);
    expect(numbers(bernoulli(1, [2]), constant([0, 1]))).toEqual([Number.NEGATIVE_INFINITY, 0]);
  });

  it("uniform in a ball", () => {
    for (const { dimension, radius, logProb } of fixture.ball) {
      const law = ball(filled(0.5, [dimension]), radius);
      const logs = (step: number) =>
        evaluate([law.logProb(constant(Float64Array.from({ length: dimension }, (_, i) => 0.5 + (i === 0 ? step : 0))))])[0]!.data[0]!;
      expect(Math.abs(logs(0.999 * radius) - logProb)).toBeLessThan(1e-10 * Math.max(1, Math.abs(logProb)));
      expect(logs(1.001 * radius)).toBe(Number.NEGATIVE_INFINITY);
    }
  });

  it("mixtures, entry by entry and of whole events", () => {
    const parts = [
      { weight: 0.5, law: normal(mean, 0.1) },
      { weight: 0.3, law: laplace(mean, 2) },
      { weight: 0.2, law: normal(mean, 1) },
    ];
    const { logProbs } = fixture.mixture;
    expectEqual(entrywiseMixture(parts), logProbs);
    points.forEach((point, i) => {
      const scalar = constant(fixture.mean);
      const whole = mixture([
        { weight: 0.5, law: normal(scalar, 0.1) },
        { weight: 0.3, law: laplace(scalar, 2) },
        { weight: 0.2, law: normal(scalar, 1) },
      ]);
      const [log] = evaluate([whole.logProb(constant(point))])[0]!.data;
      expect(Math.abs(log! - logProbs[i])).toBeLessThan(1e-10 * Math.max(1, Math.abs(logProbs[i])));
    });
  });
});
