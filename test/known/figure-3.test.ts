import { expect, it } from "vitest";
import { type Figure3Result, validateExperiment } from "../../src/experiments/index.ts";
import { runExperiment } from "./run-experiment.ts";

it("figure 3 attacks the same updates plainly and adaptively, and says what the defense did to them", async () => {
  const spec =
    "figure-3:data=shapes,images=2,trainingSteps=1,batch=2,soteria=(mlp:sizes=16/8),precode=(precode-mlp:size=4),steps=3,chunk=1,prune=60";
  const { result } = await runExperiment(spec, { seed: 2 });
  const { rows, notes } = validateExperiment(result, "the result") as Figure3Result;
  expect(rows.map(({ name, adaptive }) => `${name} ${adaptive}`)).toEqual([
    "Soteria false",
    "Soteria true",
    "PRECODE false",
    "PRECODE true",
  ]);
  const [, , plain, exact] = rows;
  expect(exact!.psnr.estimate).toBeGreaterThan(150);
  expect(plain!.psnr.estimate).toBeLessThan(40);
  const told = notes.filter((note) => note.startsWith("Behind soteria:prune=60, the share of "));
  expect(told.map((note) => note.slice(38, 55))).toEqual(["pruned columns of", "dead features bef"]);
});
