import { readFileSync, writeFileSync } from "node:fs";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { trainReport } from "../../src/report/index.ts";
import { madeUpTraining } from "./made-up-training.ts";

const golden = new URL("train-report.html", import.meta.url);
const reproduce = "gradleak train --data cifar10 --model convbig --clients 3 --rounds 1000 --audit every=200 --seed 1";
const html = trainReport({ result: madeUpTraining(), reproduce });
const { document } = parseHTML(html);

describe("the report of a training", () => {
  // GRADLEAK_UPDATE_GOLDEN=1 npx vitest run test/golden writes train-report.html anew: look at it
  // in a browser, then commit it.
  it("is the golden one, byte for byte", () => {
    if (process.env.GRADLEAK_UPDATE_GOLDEN) writeFileSync(golden, html);
    expect(html).toBe(readFileSync(golden, "utf8"));
  });

  it("needs nothing beside it, runs nothing, and escapes what comes from outside", () => {
    expect(document.querySelectorAll("script, link, iframe, object, embed, base, form").length).toBe(0);
    expect(html.replaceAll(/xmlns(:xlink)?="[^"]*"/g, "")).not.toMatch(/https?:|url\(|@import/);
    expect(html).not.toContain("<b>hostile</b>");
  });

  it("says why it stopped, what the clients have, and what was kept", () => {
    const text = document.querySelector("main")!.textContent!.replace(/\s+/g, " ");
    expect(document.querySelector("h1")!.textContent).toBe(
      "The training was stopped after round 200: its updates leak more than the gate allows.",
    );
    expect(text).toContain("The gate recovered > 0.05 found 90.0 %");
    expect(text).toContain("83.6 % of 10,000 test examples");
    expect(text).toContain("checkpoints/round-100.safetensors");
    expect(text).toContain(reproduce);
    expect(document.querySelectorAll("svg").length).toBeGreaterThan(1);
  });
});
