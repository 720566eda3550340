import { expect, it } from "vitest";
import type { AssumedLawResult } from "../../src/experiments/index.ts";
import { experimentVerdict } from "../../src/report/index.ts";
import { runExperiment } from "./run-experiment.ts";

/**
 * The synthetic setting of the paper (§6), σ = b = 0.1, keep 0.5: x ~ N(0, I₂₀), labels known, a
 * network of one hidden layer, the true prior.
 */
it("assuming the true law comes closest on vectors, by paired differences on the same draws", async () => {
  const text = "assumed-law:panels=vectors,samples=32,tuning=8,widen=10,restarts=2,steps=150";
  const result = (await runExperiment(text, { seed: 3, threads: 2 })).result as AssumedLawResult;
  expect(result.audits.map(({ audit }) => audit.cells.map(({ trueLaw, law }) => trueLaw!.text === law))).toEqual([
    [true, false],
    ...new Array(4).fill([true, false, false]),
  ]);
  for (const { audit } of result.audits) {
    const budgets = audit.cells.map(({ tuned }) => [tuned!.candidates, tuned!.draws]);
    expect(new Set(budgets.map(String))).toEqual(new Set(["2,8"]));
    const against = audit.comparisons.filter(({ first }) => first === audit.cells[0]!.attack);
    expect(against).toHaveLength(audit.cells.length - 1);
    // First minus second: the attacker that is right is nearer, beyond chance.
    for (const { distance, second } of against)
      expect(distance!.upper, `${audit.cells[0]!.trueLaw!.text} against ${second}`).toBeLessThan(0);
  }
  expect(experimentVerdict(result).sentence).toMatch(/comes closest, behind every defense/);
}, 120_000);
