import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeGate, parseGate, requireUsefulGate } from "../../src/audit/index.ts";
import { bonferroni, clopperPearson, smallestPassingSample } from "../../src/metrics/index.ts";

const recovered = { estimate: 0.25, lower: 0.125, upper: 0.5 };
const fails = (text: string) => judgeGate(parseGate(text), [{ attack: "dlg", share: recovered }]).fails;

describe("a gate", () => {
  it("reads the cautious end where none is named", () => {
    expect(parseGate(" recovered > 0.05 ")).toEqual({
      text: "recovered > 0.05",
      subject: "recovered",
      bound: "upper",
      operator: ">",
      threshold: 0.05,
    });
    expect(parseGate("risk<0.9")).toEqual({ text: "risk<0.9", subject: "risk", bound: "lower", operator: "<", threshold: 0.9 });
    expect(parseGate("recovered.lower >= 1e-2")).toMatchObject({ bound: "lower", operator: ">=", threshold: 0.01 });
    expect(parseGate("risk . estimate <= .5")).toMatchObject({ subject: "risk", bound: "estimate", operator: "<=", threshold: 0.5 });
  });

  it.each([
    ["recovered > 0.49", true],
    ["recovered > 0.5", false],
    ["recovered >= 0.5", true],
    ["recovered.estimate > 0.1", true],
    ["recovered.estimate > 0.25", false],
    ["recovered.lower > 0.125", false],
    ["recovered.lower < 0.2", true],
    ["risk < 0.9", true],
    ["risk < 0.5", false],
    ["risk <= 0.5", true],
    ["risk.estimate < 0.75", false],
    ["risk.upper < 0.9", true],
  ])("%s: %s, where recovered is 0.25 in [0.125, 0.5]", (text, expected) => {
    expect(fails(text)).toBe(expected);
  });

  it("reads a certificate at its upper end, or at its estimate, and never asks attacks for anything", () => {
    const gate = parseGate("certified > 0.5");
    expect(gate).toMatchObject({ subject: "certified", bound: "upper", operator: ">", threshold: 0.5 });
    expect(fails("certified > 0.49")).toBe(true);
    expect(fails("certified.estimate > 0.3")).toBe(false);
    expect(() => parseGate("certified.lower > 0.3")).toThrow(/has no lower end/);
    // Neither the number of draws nor that of attacks matters.
    expect(() => requireUsefulGate(gate, 1, 0.95, 9)).not.toThrow();
    expect(() => requireUsefulGate(parseGate("certified > 1"), 1000, 0.95, 1)).toThrow(/could never fail/);
  });

  it("says the same of the recovered share and of the risk", () => {
    const level = fc.integer({ min: 1, max: 31 }).map((i) => i / 32);
    fc.assert(
      fc.property(level, (t) => {
        expect(fails(`recovered > ${t}`)).toBe(fails(`risk < ${1 - t}`));
      }),
    );
  });

  it("takes the strongest attack", () => {
    const attacks = [
      { attack: "dlg", share: clopperPearson(3, 100, 0.99) },
      { attack: "bayes", share: clopperPearson(9, 100, 0.99) },
      { attack: "inverting-gradients", share: clopperPearson(0, 100, 0.99) },
    ];
    for (const text of ["recovered > 0.1", "risk < 0.9", "recovered.estimate > 0.05", "risk.upper < 0.99"])
      expect(judgeGate(parseGate(text), attacks), text).toMatchObject({ fails: true, attack: "bayes" });
    expect(judgeGate(parseGate("risk < 0.9"), attacks).value).toBeCloseTo(1 - clopperPearson(9, 100, 0.99).upper, 15);
  });

  it.each([
    "",
    "recovered",
    "recovered > ",
    "recovered = 0.05",
    "recovered => 0.05",
    "leaked > 0.05",
    "recovered.mean > 0.05",
    "recovered > 5",
    "recovered > -0.1",
    "0.05 < recovered",
    "recovered > 5%",
    "recovered > 0.05 or risk < 0.9",
    "recovered > 0x1",
  ])("refuses %j", (text) => {
    expect(() => parseGate(text)).toThrow(
      'A gate is "recovered", "risk", "searchFailed", "undetermined" or "certified", perhaps with ".estimate", ".lower" or ".upper", then >, >=, < or <=, then a number from 0 to 1, ' +
        `such as "recovered > 0.05"; got ${JSON.stringify(text.trim())}.`,
    );
  });
});

describe("a gate that says the same whatever is measured is refused", () => {
  it("with the sample that it needs", () => {
    expect(() => requireUsefulGate(parseGate("recovered > 0.05"), 71, 0.95, 1)).toThrow(
      'The gate "recovered > 0.05" could never pass with 71 independent draws. It needs at least 72 (two-sided 95 %, one attack).',
    );
    expect(() => requireUsefulGate(parseGate("recovered > 0.05"), 72, 0.95, 1)).not.toThrow();
    expect(() => requireUsefulGate(parseGate("recovered > 0.05"), 72, 0.95, 2)).toThrow("at least 86 (two-sided 95 %, 2 attacks)");
    expect(() => requireUsefulGate(parseGate("risk < 0.95"), 30, 0.95, 1)).toThrow("at least 72");
  });

  it("with the same sample as smallestPassingSample", () => {
    const share = fc.double({ min: 0.002, max: 0.6, noNaN: true });
    fc.assert(
      fc.property(share, fc.constantFrom(0.8, 0.95, 0.999), fc.integer({ min: 1, max: 6 }), (threshold, confidence, attacks) => {
        const n = smallestPassingSample(threshold, confidence, attacks);
        const gate = parseGate(`recovered > ${threshold}`);
        expect(() => requireUsefulGate(gate, n, confidence, attacks)).not.toThrow();
        if (n > 1) expect(() => requireUsefulGate(gate, n - 1, confidence, attacks)).toThrow(`at least ${n} `);
        expect(clopperPearson(0, n, bonferroni(confidence, attacks)).upper).toBeLessThanOrEqual(threshold);
      }),
    );
  });

  it("though the estimate alone passes at once", () => {
    expect(() => requireUsefulGate(parseGate("recovered.estimate > 0.1"), 1, 0.95, 1)).not.toThrow();
  });

  it.each(["recovered >= 0", "recovered > 0", "risk <= 1", "recovered.estimate >= 0"])("%s never passes", (text) => {
    expect(() => requireUsefulGate(parseGate(text), 1000, 0.95, 1)).toThrow(
      "could never pass with 1000 independent draws. No number of draws is enough.",
    );
  });

  it.each(["recovered > 1", "risk < 0", "recovered.lower > 0.97", "recovered.estimate < 0"])("%s never fails", (text) => {
    expect(() => requireUsefulGate(parseGate(text), 100, 0.95, 1)).toThrow(
      `The gate "${text}" could never fail with 100 independent draws`,
    );
  });
});
