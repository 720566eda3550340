import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { attackReport } from "../../src/report/index.ts";
import { madeUpImages } from "./made-up-images.ts";
import { madeUpResult, madeUpSteps } from "./made-up-result.ts";

const golden = new URL("report.html", import.meta.url);

describe("the report of an attack", () => {
  // GRADLEAK_UPDATE_GOLDEN=1 npx vitest run test/golden writes report.html anew: look at it in a
  // browser, then commit it.
  it("is the golden one, byte for byte", () => {
    const html = attackReport({
      result: madeUpResult(4),
      images: madeUpImages(4, madeUpSteps, 12),
      reproduce: "gradleak attack --data cifar10 --images 10-13 --model convbig --defense gaussian:sigma=0.001 --seed 1 --out out",
    });
    if (process.env.GRADLEAK_UPDATE_GOLDEN) writeFileSync(golden, html);
    expect(html).toBe(readFileSync(golden, "utf8"));
  });
});
