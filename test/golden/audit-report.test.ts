import { readFileSync, writeFileSync } from "node:fs";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { auditReport, auditVerdict } from "../../src/report/index.ts";
import { madeUpAudit } from "./made-up-audit.ts";
import { madeUpImages } from "./made-up-images.ts";

const golden = new URL("audit-report.html", import.meta.url);
const shown = madeUpImages(4, [], 12);
const images = new Map(
  [0, 1, 2, 3].flatMap((cell) =>
    ["nearest", "first"].flatMap((which) =>
      ["original", "reconstruction"].map((name): [string, Uint8Array] => [
        `${which}/${cell}-${name}.png`,
        shown.get(`${name}-${cell}.png`)!,
      ]),
    ),
  ),
);
const reproduce = "gradleak audit --data cifar10 --model convbig --defense none --defense gaussian:sigma=0.01 --samples 80 --seed 1";
const html = auditReport({ result: madeUpAudit(), images, reproduce });
const { document } = parseHTML(html);

describe("the report of an audit", () => {
  // GRADLEAK_UPDATE_GOLDEN=1 npx vitest run test/golden writes audit-report.html anew: look at it
  // in a browser, then commit it.
  it("is the golden one, byte for byte", () => {
    if (process.env.GRADLEAK_UPDATE_GOLDEN) writeFileSync(golden, html);
    expect(html).toBe(readFileSync(golden, "utf8"));
  });

  it("needs nothing beside it, runs nothing, and escapes what comes from outside", () => {
    expect(document.querySelectorAll("script, link, iframe, object, embed, base, form").length).toBe(0);
    for (const image of document.querySelectorAll("img")) expect(image.getAttribute("src")).toMatch(/^data:image\/png;base64,/);
    expect(html.replaceAll(/xmlns(:xlink)?="[^"]*"/g, "")).not.toMatch(/https?:|url\(|@import/);
  });

  it("says what came back, with intervals, beside the guess, and what is not proved", () => {
    const text = document.querySelector("main")!.textContent!.replace(/\s+/g, " ");
    expect(document.querySelector("h1")!.textContent).toBe("5.0 % to 90.0 % of images came back, depending on the defense.");
    // 72 and 4 of 80: the p at which the sums of binomial probabilities are 0.025.
    for (const interval of ["81.2 % – 95.6 %", "1.4 % – 12.3 %"]) expect(text).toContain(interval);
    expect(text).toContain("not recovered by these attacks under these assumptions");
    expect(text).toContain("The gate failed");
    expect(text).toContain(reproduce);
    expect(document.querySelectorAll(".curve svg").length).toBe(2);
    // Two images of the best and of the first, an attack and a defense each.
    expect(document.querySelectorAll(".pairs img").length).toBe(16);
  });

  it("names the nearest public image beside the guesses, and never as one", () => {
    const result = madeUpAudit();
    const all = { estimate: 1, lower: 0.95, upper: 1 };
    const near = { ...result, nearestPublic: { ...result.nearestPublic!, recovered: all } };
    expect(auditVerdict(near).sentence).toBe(auditVerdict(result).sentence);
    expect(auditVerdict(near).detail).toContain(
      "The nearest of 500 public images, chosen by the original, lies that near for 100 %: no guess",
    );
    const { nearestPublic: _, ...without } = result;
    const folder = { ...without, nearestPublic: null };
    expect(auditReport({ result: folder, images, reproduce })).not.toContain("chosen");
  });

  it("says what is true of a law that nobody knows, and does without a spec where code made the objects", () => {
    const result = madeUpAudit();
    const trueLaw = { kind: "unknown", text: "entries are ranked after noise" } as const;
    const made = { ...result, spec: null, specHash: null, cells: result.cells.map((cell) => ({ ...cell, trueLaw })) };
    const text = parseHTML(auditReport({ result: made, images, reproduce: "" })).document.querySelector("main")!.textContent!;
    expect(text).toContain("not known, because entries are ranked after noise");
    expect(text).not.toMatch(/\bnull\b|undefined/);
  });

  it("never calls a failed attack safety", () => {
    const result = madeUpAudit();
    const none = { estimate: 0, lower: 0, upper: 0.05 };
    const failed = { ...result, cells: result.cells.map((cell) => ({ ...cell, recovered: none })) };
    expect(auditVerdict(failed).sentence).toBe("None of 80 images came back: not recovered by these attacks under these assumptions.");
  });
});
