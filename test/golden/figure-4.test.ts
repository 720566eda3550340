import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { validateExperiment } from "../../src/experiments/index.ts";
import { experimentReport, experimentVerdict } from "../../src/report/index.ts";
import { madeUpFigure4 } from "./made-up-figure-4.ts";

const withoutStyle = (html: string): string => html.replace(/<style>.*?<\/style>/s, "<style></style>");
const golden = new URL("figure-4.html", import.meta.url);

describe("the report of figure 4", () => {
  // GRADLEAK_UPDATE_GOLDEN=1 npx vitest run test/golden writes figure-4.html anew: look at a report in a browser before.
  it("is the golden one, byte for byte, but for the style that all reports share", () => {
    const result = validateExperiment(madeUpFigure4(), "the made-up result");
    const html = withoutStyle(
      experimentReport({ result, pictures: new Map(), reproduce: "gradleak reproduce figure-4 --width 100/20/400 --seed 3" }),
    );
    if (process.env.GRADLEAK_UPDATE_GOLDEN) writeFileSync(golden, html);
    expect(html).toBe(readFileSync(golden, "utf8"));
  });

  it("says whether the Bayes optimal adversary came closest, by the paired differences", () => {
    const result = madeUpFigure4();
    const differing = (low: number, high: number) => ({
      ...result,
      series: result.series.map((one, i) => (i === 0 ? one : { ...one, minusBayes: { mean: (low + high) / 2, low, high } })),
    });
    expect(experimentVerdict(result).sentence).toBe(
      "The Bayes optimal adversary came closest to the original: 0.380, against 0.410 to 0.470.",
    );
    expect(experimentVerdict(differing(-0.1, 0.1)).sentence).toMatch(/equally close, as far as these draws tell/);
    expect(experimentVerdict(differing(-0.3, -0.1)).sentence).toMatch(/did not come closest/);
  });
});
