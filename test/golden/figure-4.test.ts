import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { validateExperiment } from "../../src/experiments/index.ts";
import { experimentReport, experimentVerdict } from "../../src/report/index.ts";
import { madeUpFigure4 } from "./made-up-figure-4.ts";

const withoutStyle = (html: string): string => html.replace(/<style>.*?<\/style>/s, "<style></style>");
const golden = new URL("figure-4.html", import.meta.url);

describe("the report of figure 4", () => {
  // GRADLEAK_UPDATE_GOLDEN=1 npx vitest run test/golden writes figure-4.html anew: look at a report
  // in a browser before.
  it("is the golden one, byte for byte, but for the style that all reports share", () => {
    const result = validateExperiment(madeUpFigure4(), "the made-up result");
    const html = withoutStyle(
      experimentReport({ result, images: new Map(), reproduce: "gradleak reproduce figure-4 --width 100/20/400 --seed 3" }),
    );
    if (process.env.GRADLEAK_UPDATE_GOLDEN) writeFileSync(golden, html);
    expect(html).toBe(readFileSync(golden, "utf8"));
  });

  it("says whether the Bayes optimal adversary came closest, by the paired differences of the tuned ones, and of those at one setting beside it", () => {
    const result = madeUpFigure4();
    const differing = (low: number, high: number) => ({
      ...result,
      tuned: {
        ...result.tuned!,
        series: result.tuned!.series.map((one, i) => (i === 0 ? one : { ...one, minusBayes: { mean: (low + high) / 2, low, high } })),
      },
    });
    const { sentence, detail } = experimentVerdict(result);
    expect(sentence).toBe("With each adversary tuned, the Bayes optimal one came closest to the original: 0.340, against 0.370 to 0.430.");
    const alike =
      "With one setting for all four adversaries, the Bayes optimal one came closest to the original: 0.380, against 0.410 to 0.470.";
    expect(detail).toContain("Each tried the same 3 settings of its search on 300 draws that are not scored.");
    expect(detail).toContain(alike);
    for (const [low, high, outcome] of [
      [-0.1, 0.1, /tuned, all came equally close, as far as these draws tell/],
      [-0.3, -0.1, /tuned, the Bayes optimal one did not come closest/],
    ] as const) {
      const verdict = experimentVerdict(differing(low, high));
      expect(verdict.sentence).toMatch(outcome);
      expect(verdict.detail).toContain(alike);
    }
  });

  it("says that nothing was tuned where nothing was", () => {
    const result = { ...madeUpFigure4(), tuned: null };
    expect(experimentVerdict(result)).toMatchObject({
      sentence:
        "With one setting for all four adversaries, the Bayes optimal one came closest to the original: 0.380, against 0.410 to 0.470.",
      detail: expect.stringContaining("Nothing was tuned."),
    });
    const html = experimentReport({ result, images: new Map(), reproduce: "gradleak reproduce figure-4" });
    expect(html).toContain("not at what each of them can do");
    expect(html).not.toContain("Each adversary tuned");
  });
});
