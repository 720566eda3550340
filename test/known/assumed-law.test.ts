import { expect, it } from "vitest";
import { type AssumedLawResult, experiments } from "../../src/experiments/index.ts";
import { experimentVerdict } from "../../src/report/index.ts";

/** Makes the comparison with the parameters given. */
async function made(parameters: string): Promise<AssumedLawResult> {
  const experiment = experiments.parse(`assumed-law:${parameters}`);
  const machine = { threads: 2, clock: () => 0 };
  const running = experiments.build(experiment).run({ spec: { experiment, seed: 3 }, versions: {}, machine });
  let next = await running.next();
  while (!next.done) next = await running.next();
  return next.value.result as AssumedLawResult;
}

/** The synthetic setting of the paper (§6), σ = b = 0.1, keep 0.5: x ~ N(0, I₂₀), labels known, a network of one hidden layer, the true prior. */
it("assuming the law that is there comes closest on vectors, by paired differences on the same draws", async () => {
  const result = await made("panels=vectors,samples=32,tuning=8,widen=10,restarts=2,steps=150");
  expect(result.audits.map(({ audit }) => audit.cells.map(({ trueLaw, law }) => trueLaw === law))).toEqual([
    [true, false],
    ...new Array(4).fill([true, false, false]),
  ]);
  for (const { audit } of result.audits) {
    const budgets = audit.cells.map(({ tuned }) => [tuned!.candidates, tuned!.draws]);
    expect(new Set(budgets.map(String))).toEqual(new Set(["2,8"]));
    const against = audit.comparisons.filter(({ first }) => first === audit.cells[0]!.attack);
    expect(against).toHaveLength(audit.cells.length - 1);
    // First minus second: the attacker that is right is nearer, beyond chance.
    for (const { distance, second } of against) expect(distance!.upper, `${audit.cells[0]!.trueLaw} against ${second}`).toBeLessThan(0);
  }
  expect(experimentVerdict(result).sentence).toMatch(/comes closest, behind every defense/);
}, 120_000);
