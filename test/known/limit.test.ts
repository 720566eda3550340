import { describe, expect, it } from "vitest";
import { limitOf } from "../../src/scenario/diagnose.ts";

describe("what limits an answer", () => {
  it.each([
    // [objective at the answer, objective at the truth, limit]
    [10, 5, "search"],
    [5, 10, "information"],
    [5, 5, "information"],
    [-10, -20, "search"],
    [-20, -10, "information"],
    // Values that differ by the rounding of float32 are equal.
    [1e6 + 1, 1e6, "information"],
    [1e6 + 100, 1e6, "search"],
    [Number.NaN, 5, "search"],
    [Number.POSITIVE_INFINITY, 5, "search"],
    // The attacker excludes the truth.
    [5, Number.POSITIVE_INFINITY, "information"],
    [Number.NaN, Number.NaN, null],
    [5, Number.NaN, null],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, null],
  ] as const)("with objective %d there and %d at the truth is %s", (answer, truth, limit) => {
    expect(limitOf(answer, truth)).toBe(limit);
  });
});
