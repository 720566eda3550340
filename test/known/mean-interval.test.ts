import { describe, expect, it } from "vitest";
import { LeakageError } from "../../src/errors.ts";
import { meanInterval } from "../../src/metrics/index.ts";

describe("the interval of a mean", () => {
  it("is Student's for one group", () => {
    // Mean 2.5, standard deviation √(5/3), t(0.975, 3) = 3.182446305.
    const { estimate, lower, upper } = meanInterval([[1, 2, 3, 4]], 0.95);
    expect(estimate).toBe(2.5);
    expect(upper - estimate).toBeCloseTo((3.182446305 * Math.sqrt(5 / 3)) / 2, 7);
    expect(estimate - lower).toBeCloseTo(upper - estimate, 12);
  });

  it("leaves out what differs between groups that are kept", () => {
    // Within each group the values differ by 2: variance 2, of a mean 1; weights 2/4 each; t(0.975,
    // 2) = 4.302652730.
    const { estimate, lower, upper } = meanInterval(
      [
        [0, 2],
        [100, 102],
      ],
      0.95,
    );
    expect(estimate).toBe(51);
    expect((upper - lower) / 2).toBeCloseTo(4.30265273 * Math.sqrt(0.5), 7);
  });

  it("refuses groups of one", () => {
    expect(() => meanInterval([[1, 2], [3]], 0.95)).toThrow(LeakageError);
    expect(() => meanInterval([], 0.95)).toThrow(LeakageError);
  });
});
