import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { validateExperiment } from "../../src/experiments/index.ts";
import { experimentReport, experimentVerdict } from "../../src/report/index.ts";
import { madeUpAssumedLaw, madeUpAssumedLawImages } from "./made-up-assumed-law.ts";

const withoutStyle = (html: string): string => html.replace(/<style>.*?<\/style>/s, "<style></style>");
const golden = new URL("assumed-law.html", import.meta.url);
const verdict = (farther?: number) => experimentVerdict(validateExperiment(madeUpAssumedLaw(farther), "the made-up result"));

describe("the report of assumed laws", () => {
  // GRADLEAK_UPDATE_GOLDEN=1 npx vitest run test/golden writes assumed-law.html anew: look at a
  // report in a browser before.
  it("is the golden one, byte for byte, but for the style that all reports share", () => {
    const result = validateExperiment(madeUpAssumedLaw(), "the made-up result");
    const reproduce = "gradleak reproduce assumed-law --samples 80 --images 80 --seed 4";
    const html = withoutStyle(experimentReport({ result, images: madeUpAssumedLawImages(), reproduce }));
    if (process.env.GRADLEAK_UPDATE_GOLDEN) writeFileSync(golden, html);
    expect(html).toBe(readFileSync(golden, "utf8"));
  });

  it("says how often the true law comes closest, by the interval of the paired difference", () => {
    expect(verdict(1).sentence).toBe("The attacker that assumes the true law comes closest, behind every defense.");
    expect(verdict(0.25).sentence).toMatch(/beyond chance in 1 of 1 comparisons on vectors and 0 of 1 comparisons on images\.$/);
    expect(verdict(1).detail).toMatch(/On images, of 1 attacker that assumed something else, 1 ended farther from the original, [^;]*\.$/);
    expect(verdict(0.25).detail).toMatch(/On images, .* 0 ended farther .*; 1 cannot be told apart by these draws\.$/);
    expect(verdict(-1).detail).toMatch(/On images, .* 0 ended farther .*; 1 nearer\.$/);
  });
});
