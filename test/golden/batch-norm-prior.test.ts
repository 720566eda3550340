import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { validateExperiment } from "../../src/experiments/index.ts";
import { experimentReport, experimentVerdict } from "../../src/report/index.ts";
import { madeUpBatchNormPrior, madeUpTriples } from "./made-up-batch-norm-prior.ts";

const withoutStyle = (html: string): string => html.replace(/<style>.*?<\/style>/s, "<style></style>");
const golden = new URL("batch-norm-prior.html", import.meta.url);

describe("the report of the batch-norm prior", () => {
  // GRADLEAK_UPDATE_GOLDEN=1 npx vitest run test/golden writes batch-norm-prior.html anew: look at
  // a report in a browser before.
  it("is the golden one, byte for byte, but for the style that all reports share", () => {
    const result = validateExperiment(madeUpBatchNormPrior(), "the made-up result");
    const html = withoutStyle(
      experimentReport({
        result,
        images: madeUpTriples(),
        reproduce: "gradleak reproduce batch-norm-prior --batch 2 --batches 2 --steps 50 --seed 3",
      }),
    );
    if (process.env.GRADLEAK_UPDATE_GOLDEN) writeFileSync(golden, html);
    expect(html).toBe(readFileSync(golden, "utf8"));
  });

  it("says whether the prior raises mean PSNR, by the interval of the paired difference", () => {
    const verdict = (low: number, high: number) =>
      experimentVerdict({ ...madeUpBatchNormPrior(), difference: { mean: (low + high) / 2, low, high } }).sentence;
    expect(verdict(0.5, 1.5)).toBe("The batch-norm prior raises mean PSNR: +1.00 dB, from 12.25 to 14.50.");
    expect(verdict(-0.5, 1.5)).toMatch(/^The batch-norm prior does not raise mean PSNR beyond chance: \+0\.50 dB/);
    expect(verdict(-1.5, -0.5)).toMatch(/^The batch-norm prior does not raise mean PSNR, it lowers it: −1\.00 dB/);
  });

  it("says in the headline where neither attack explains any update", () => {
    const made = madeUpBatchNormPrior();
    const idle = { without: 0.225, with: 0.235, nothing: 0.23 };
    const batches = made.batches.map((batch) => ({ ...batch, matching: idle }));
    expect(experimentVerdict({ ...made, batches }).sentence).toBe(
      "The batch-norm prior raises mean PSNR: +2.25 dB, from 12.25 to 14.50. Neither attack explains any of the updates.",
    );
  });

  it("says how both attacks stand to a guess that needs no update, and whether they explain the update", () => {
    const made = madeUpBatchNormPrior();
    const against = (mean: number) =>
      experimentVerdict({ ...made, psnr: { ...made.psnr, meanImage: { mean, low: mean, high: mean } } }).detail;
    expect(against(11)).toMatch(/Both attacks are above a guess/);
    expect(against(13)).toMatch(/One of the two attacks is above a guess/);
    expect(against(15)).toMatch(/Neither attack is above a guess/);
    // 0.225, 0.25 and null against 0.23 and 0.24 say nothing; 0.18 against 0.23 does.
    expect(against(15)).toMatch(/in 0 of 2 batches without the prior and in 1 with it/);
    expect(against(15)).toMatch(/the true batches are 11\.0 from them, what came back without the prior 22\.0, with it 12\.5\./);
  });

  it("says where the update changes so fast around the truth that no search finds it", () => {
    const made = madeUpBatchNormPrior();
    const near = (nearby: number) => experimentVerdict({ ...made, batches: made.batches.map((batch) => ({ ...batch, nearby })) }).detail;
    expect(near(0.9)).toMatch(/has a cosine of 0\.90 with the update\./);
    expect(near(0.5)).toMatch(/has a cosine of 0\.50 with the update: a search from a random start has little to follow/);
  });
});
