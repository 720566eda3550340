import { describe, expect, it } from "vitest";
import { deltaOfGaussian, epsilonOfGaussian } from "../../src/accounting/gaussian.ts";
import { gaussianBallMass, lossProfile, normalQuantile, privacySpent, spentByRdp } from "../../src/accounting/index.ts";
import { logNormalCdf } from "../../src/accounting/standard-normal.ts";
import fixture from "./accountant.json" with { type: "json" };

const rows = <Row>(all: readonly (readonly number[])[]): readonly Row[] => all as readonly Row[];
const off = (got: number, expected: number): number => Math.abs(got - expected) / Math.max(Math.abs(expected), 1e-300);

describe("the accountant", () => {
  it("has Opacus's ε and order at every noise, sampling rate, number of steps and δ of the grid", () => {
    for (const [multiplier, rate, steps, dpDelta, epsilon, order] of rows<[number, number, number, number, number, number]>(fixture.rdp)) {
      const spent = spentByRdp({ multiplier, rate, steps }, dpDelta);
      const at = `z ${multiplier}, q ${rate}, T ${steps}, δ ${dpDelta}`;
      expect(off(spent.epsilon, epsilon), at).toBeLessThan(1e-7);
      expect(spent.order, at).toBe(order);
    }
  });

  it("has, by the law of the privacy loss, the ε of dp-accounting, and a smaller one than by Rényi divergences", () => {
    for (const [multiplier, rate, steps, dpDelta, epsilon] of rows<[number, number, number, number, number]>(fixture.pld)) {
      const { tight, rdp } = privacySpent({ multiplier, rate, steps }, dpDelta);
      expect(tight!.accountant).toBe("pld");
      // Both round up, on different grids.
      expect(off(tight!.epsilon, epsilon), `z ${multiplier}, q ${rate}, T ${steps}`).toBeLessThan(2e-4);
      expect(tight!.epsilon).toBeLessThan(rdp.epsilon);
    }
  });

  it("bounds the exact δ(ε) from above, and closely, where every example is in every step", () => {
    for (const direction of ["with", "without"] as const) {
      const profile = lossProfile({ multiplier: 2, rate: 1, steps: 9 }, direction);
      for (const epsilon of [0, 0.3, 2, 5, 8]) {
        const exact = deltaOfGaussian(1.5, epsilon);
        expect(profile.delta(epsilon)).toBeGreaterThanOrEqual(exact);
        expect(profile.delta(epsilon)).toBeLessThan(exact * (1 + 1e-5) + 1e-9);
      }
      expect(profile.epsilon(1e-5)).toBeGreaterThanOrEqual(epsilonOfGaussian(1.5, 1e-5));
    }
  });

  it("has the δ(ε) of two normal laws that mpmath has, and comes back from it", () => {
    for (const [mu, epsilon, delta] of rows<[number, number, number]>(fixture.gaussian)) {
      expect(off(deltaOfGaussian(mu, epsilon), delta), `μ ${mu}, ε ${epsilon}`).toBeLessThan(1e-8);
      expect(off(epsilonOfGaussian(mu, delta), epsilon), `μ ${mu}, ε ${epsilon}`).toBeLessThan(1e-8);
    }
  });

  it("has SciPy's normal tails, quantiles and masses of balls", () => {
    for (const [x, log] of rows<[number, number]>(fixture.logNormalCdf)) expect(off(logNormalCdf(x), log), `at ${x}`).toBeLessThan(1e-11);
    for (const [p, x] of rows<[number, number]>(fixture.normalQuantile))
      expect(Math.abs(normalQuantile(p) - x), `at ${p}`).toBeLessThan(1e-12);
    for (const [dimension, radius, mass] of rows<[number, number, number]>(fixture.gaussianBall))
      expect(off(gaussianBallMass(dimension, radius), mass), `d ${dimension}, r ${radius}`).toBeLessThan(1e-9);
  });
});
