import { expect, it } from "vitest";
import { memoryStore, plan, type Result } from "../../src/runs/index.ts";
import { drawnSources } from "../drawn-sources.ts";

it("an image comes back out of ConvBig's gradient, far above the mean image", async () => {
  const asked = {
    command: "attack",
    data: { set: "shapes", split: "test", images: [0] },
    client: { model: "convbig" },
    attack: "inverting-gradients:steps=150,tv=4e-4,tvNorm=squared",
    labels: "known",
    score: { delta: 5.5 },
    seed: 1,
  };
  const planned = await plan(asked, drawnSources, { machine: { threads: 2, clock: () => 0 }, versions: {} });
  const running = planned.run(memoryStore());
  let next = await running.next();
  while (!next.done) next = await running.next();
  const [image] = (next.value as Result).images;
  expect(image!.psnr).toBeGreaterThan(27);
  expect(image!.ssim).toBeGreaterThan(0.8);
  expect(image!.psnr! - image!.baseline!.meanImage!.psnr!).toBeGreaterThan(8);
});
