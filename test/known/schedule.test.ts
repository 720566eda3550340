import { expect, it } from "vitest";
import { milestoneRate, milestones } from "../../src/optimizers/index.ts";

it("divides the learning rate where Inverting Gradients does", () => {
  expect(milestones(4000)).toEqual([1499, 2499, 3502]);
  expect(milestones(2000)).toEqual([749, 1249, 1751]);
  expect(milestones(4800)).toEqual([1799, 2999, 4203]);
  const rate = milestoneRate(0.1);
  expect([0, 1498, 1499, 2499, 3502].map((step) => Number(rate(step, 4000).toPrecision(3)))).toEqual([0.1, 0.1, 0.01, 0.001, 0.0001]);
});
