import { expect, it } from "vitest";
import { type NoiseResult, validateExperiment } from "../../src/experiments/index.ts";
import type { NoiseParams } from "../../src/experiments/noise-on-networks/noise-params.ts";
import { casesOf } from "../../src/experiments/noise-on-networks/noise-specs.ts";
import { experimentVerdict } from "../../src/report/index.ts";
import { runExperiment } from "./run-experiment.ts";

const tiny =
  "data=shapes,model=(mlp:sizes=8),trainingSteps=2,batch=4,examples=16,testExamples=8,images=3,tuningImages=2,steps=2,rate=0.1,weight=10/100,tv=0.01/0.1";

it("an attacker whose assumption is the law that is there stands there once, and all noise of a strength is as wide", () => {
  const params = { data: ["mnist"], defenses: ["gaussian", "laplacian", "mask", "dp-sgd"], strengths: [0.01], keep: 0.5, steps: 5 };
  const cases = casesOf({ ...params, rate: [0.1], weight: [10], tv: [0.1] } as unknown as NoiseParams);
  expect(cases.map(({ defense, attackers }) => [defense, ...attackers.map(({ role }) => role)])).toEqual([
    ["gaussian:sigma=0.01", "bayes", "l1", "cosine"],
    ["laplacian:scale=0.00707107", "bayes", "l2", "cosine"],
    ["mask:keep=0.5+gaussian:sigma=0.01", "bayes", "l2", "l1", "cosine"],
    ["dp-sgd:norm=1,multiplier=0.01", "bayes", "l2", "l1", "cosine"],
  ]);
});

it("noise on networks trains behind each defense, and puts each attacker beside the one that knows the law", async () => {
  const { result } = await runExperiment(`noise-on-networks:${tiny},strengths=0.01,defenses=gaussian/mask`, { seed: 3 });
  const { cases } = validateExperiment(result, "the result") as NoiseResult;
  expect(cases.map(({ steps }) => steps[0]!.attackers.map(({ role }) => role))).toEqual([
    ["bayes", "l1", "cosine"],
    ["bayes", "l2", "l1", "cosine"],
  ]);
  for (const { steps, accuracy, gain } of cases) {
    expect(steps.map(({ step }) => step)).toEqual([0, 2]);
    expect(accuracy.upper).toBeGreaterThan(accuracy.lower);
    const [before, after] = steps.map(({ attackers }) => attackers[0]!.psnr!.estimate) as [number, number];
    expect(gain!.estimate).toBeCloseTo(after - before, 10);
    for (const { attackers, audit } of steps) {
      // Each is tuned over as many candidates, on draws that are not scored.
      expect(audit.cells.map(({ tuned }) => [tuned!.candidates, tuned!.draws])).toEqual(attackers.map(() => [2, 2]));
      const [bayes, ...others] = attackers;
      for (const other of others) expect(other.behind!.estimate).toBeCloseTo(bayes!.psnr!.estimate - other.psnr!.estimate, 10);
    }
  }
  expect(experimentVerdict(result).sentence).toMatch(
    /^The Bayes adversary is ahead beyond chance in \d+ of 10 comparisons, and behind in \d+\.$/,
  );
});
