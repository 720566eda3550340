import { expect, it } from "vitest";
import { type Table1Result, validateExperiment } from "../../src/experiments/index.ts";
import { runExperiment } from "./run-experiment.ts";

it("each attack of table 1 minimizes what its authors minimize: their derivatives in x have a cosine of 1", async () => {
  const { result: found } = await runExperiment("table-1:width=2", { seed: 4 });
  const result = validateExperiment(found, "the result") as Table1Result;
  expect(result.rows.map(({ attack }) => attack)).toEqual([
    "dlg",
    "idlg",
    "inverting-gradients",
    "gradinversion",
    "gradinversion:law=gaussian",
    "bayes",
  ]);
  for (const { attack, cosine, off } of result.rows) {
    expect(Math.abs(cosine - 1)).toBeLessThan(1e-6);
    // Each term by itself, with its size: a small term cannot hide in the sum.
    expect(off.likelihood, `the likelihood of ${attack}`).toBeLessThan(1e-6);
    expect(off.prior, `the prior of ${attack}`).toBeLessThan(1e-6);
  }
  // Both readings of GradInversion are there, and they are not the same law.
  expect(result.rows[3]!.law).not.toBe(result.rows[4]!.law);
});
