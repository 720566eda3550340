import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LeakageError } from "../../src/errors.ts";
import { validateExperiment } from "../../src/experiments/index.ts";
import { experimentReport, experimentVerdict } from "../../src/report/index.ts";
import { madeUpFigure1, madeUpSnapshots } from "./made-up-figure-1.ts";

const withoutStyle = (html: string): string => html.replace(/<style>.*?<\/style>/s, "<style></style>");
const golden = new URL("figure-1.html", import.meta.url);

describe("the report of figure 1", () => {
  // GRADLEAK_UPDATE_GOLDEN=1 npx vitest run test/golden writes figure-1.html anew: look at a report
  // in a browser before.
  it("is the golden one, byte for byte, but for the style that all reports share", () => {
    const result = validateExperiment(madeUpFigure1(), "the made-up result");
    const html = withoutStyle(
      experimentReport({ result, images: madeUpSnapshots(), reproduce: "gradleak reproduce figure-1 --image 3 --seed 1" }),
    );
    if (process.env.GRADLEAK_UPDATE_GOLDEN) writeFileSync(golden, html);
    expect(html).toBe(readFileSync(golden, "utf8"));
  });

  it("says on which side of the ball the path ends, and misses no image", () => {
    const result = madeUpFigure1();
    expect(experimentVerdict(result).sentence).toBe("The path ends inside the ball around the original.");
    expect(experimentVerdict({ ...result, recovered: false }).sentence).toMatch(/outside the ball/);
    expect(() => experimentReport({ result, images: new Map(), reproduce: "" })).toThrow(LeakageError);
  });
});
