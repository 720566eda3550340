import { expect, it } from "vitest";
import { attackConvbig, meanAt, pytorch } from "../convbig.ts";

it("Inverting Gradients on ConvBig recovers CIFAR-10 as PyTorch does, from the same weights and starting points", async () => {
  const psnrAt = await attackConvbig(pytorch.steps);
  for (const [step, theirs] of Object.entries(pytorch.meanPsnr)) {
    // Trajectories of signs are compared by their means.
    const ours = meanAt(psnrAt, Number(step));
    expect(Math.abs(ours - theirs), `mean PSNR at step ${step}: ${ours.toFixed(2)} and ${theirs}`).toBeLessThan(0.5);
  }
  // The red car.
  expect(psnrAt(pytorch.steps)[5]).toBeGreaterThan(28);
});
