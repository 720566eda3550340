import { expect, it } from "vitest";
import { attackConvbig, meanAt, pytorch } from "./convbig.ts";

// 400 steps instead of the 4000 of test/real/full. Up to step 149 both have the first rate, and so
// has PyTorch's record: a wrong gradient, sign, weight of the total variation, normalization or
// label shows at step 100. Afterward the rate is divided three times, as in the long run: a
// schedule that is not applied, or applied at wrong steps, shows at the end.
it("Inverting Gradients on ConvBig starts as PyTorch does, and gains when the rate is divided", async () => {
  const psnrAt = await attackConvbig(400);
  const early = meanAt(psnrAt, 100);
  const theirs = pytorch.meanPsnr["100"]!;
  expect(Math.abs(early - theirs), `mean PSNR at step 100: ${early.toFixed(2)} and ${theirs}`).toBeLessThan(0.5);
  expect(meanAt(psnrAt, 400)).toBeGreaterThan(30);
});
