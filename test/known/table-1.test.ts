import { expect, it } from "vitest";
import { experiments, type Table1Result, validateExperiment } from "../../src/experiments/index.ts";

it("each attack of table 1 minimizes what its authors minimize: their derivatives in x have a cosine of 1", async () => {
  const experiment = experiments.parse("table-1:width=2");
  const running = experiments.build(experiment).run({ spec: { experiment, seed: 4 }, versions: {}, machine: { clock: () => 0 } });
  let next = await running.next();
  while (!next.done) next = await running.next();
  const result = validateExperiment(next.value.result, "the result") as Table1Result;
  expect(result.rows.map(({ attack }) => attack)).toEqual([
    "dlg",
    "idlg",
    "inverting-gradients",
    "gradinversion",
    "gradinversion:law=gaussian",
    "bayes",
  ]);
  for (const { cosine } of result.rows) expect(Math.abs(cosine - 1)).toBeLessThan(1e-6);
  // Both readings of GradInversion are there, and they are not the same law.
  expect(result.rows[3]!.law).not.toBe(result.rows[4]!.law);
});
