import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { stops } from "../../src/adversary/index.ts";
import { LeakageError } from "../../src/errors.ts";
import { decodePng, encodePng, type RasterImage } from "../../src/formats/index.ts";
import { attackReport, terminalImages, verdict } from "../../src/report/index.ts";
import type { Result } from "../../src/runs/index.ts";
import { madeUpImages } from "../golden/made-up-images.ts";
import { madeUpResult, madeUpSteps } from "../golden/made-up-result.ts";

const side = 8;
const images = madeUpImages(8, madeUpSteps, side);
const page = (result: Result, reproduce = "gradleak attack") => attackReport({ result, images, reproduce });
const open = (html: string) => parseHTML(html).document;
const textOf = (html: string) => open(html).querySelector("main")!.textContent!.replace(/\s+/g, " ");
const unknown = { psnr: null, psnrUnclamped: null, ssim: null, mse: null, distance: null };

/** The same result with the distances of images, and of their baseline, as given. */
function withDistances(distances: readonly number[], baseline = 99): Result {
  const result = madeUpResult(distances.length);
  return {
    ...result,
    images: result.images.map((image, i) => ({
      ...image,
      distance: distances[i]!,
      stopped: null,
      limit: null,
      baseline: { meanImage: { ...image.baseline.meanImage!, distance: baseline } },
      nearestPublic: { ...image.nearestPublic!, distance: 0.5 },
    })),
  };
}

describe("a report", () => {
  it("needs nothing beside it, and runs nothing", () => {
    const html = page(madeUpResult(4));
    const document = open(html);
    expect(document.querySelectorAll("script, link, iframe, object, embed, base, form").length).toBe(0);
    for (const element of document.querySelectorAll("*"))
      for (const { name, value } of [...element.attributes]) {
        expect(name).not.toMatch(/^on/i);
        if (["src", "href", "xlink:href", "srcset", "data"].includes(name)) expect(value).toMatch(/^data:image\/png;base64,/);
      }
    expect(html.replaceAll(/xmlns(:xlink)?="[^"]*"/g, "")).not.toMatch(/https?:|url\(|@import/);
  });

  it("escapes whatever comes from outside", () => {
    const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>'&`;
    const result = madeUpResult(2);
    const image = { ...result.images[0]!, className: evil, baseline: { [evil]: unknown } };
    const html = page(
      {
        ...result,
        images: [image],
        summary: { ...result.summary, baseline: { [evil]: result.summary.attack } },
        notes: [evil],
        versions: { [evil]: evil },
        assumptions: { ...result.assumptions, law: evil, prior: evil, model: evil, defense: evil },
      },
      evil,
    );
    expect(html).not.toContain("<script");
    expect(html).not.toContain("<img src=x");
    const document = open(html);
    expect(document.querySelectorAll("[onerror]").length).toBe(0);
    expect(document.querySelector("pre")!.textContent!.trim()).toBe(evil);
    expect(document.querySelector(".strip bdi")!.textContent).toBe(evil);
  });

  it("is the same text for the same result", () => {
    expect(page(madeUpResult(8))).toBe(page(madeUpResult(8)));
  });

  it("shows each original, its reconstruction at several steps, and the differences", () => {
    const strips = open(page(madeUpResult(2))).querySelectorAll(".strip");
    expect(strips.length).toBe(2);
    expect(strips[0]!.querySelectorAll(".original img").length).toBe(1);
    expect(strips[0]!.querySelectorAll(".frame img").length).toBe(8);
    expect(strips[0]!.querySelectorAll(".final img").length).toBe(2);
    const sources = [...strips[0]!.querySelectorAll("img")].map((img) => img.getAttribute("src")!.split(",")[1]!);
    const shown = (i: number) => decodePng(new Uint8Array(Buffer.from(sources[i]!, "base64")), `raster ${i}`);
    const [original, off, last] = [shown(0), shown(sources.length - 1), shown(sources.length - 2)];
    expect(off.data.length).toBe(side * side * 3);
    off.data.forEach((value, i) => {
      expect(value).toBe(Math.max(0, Math.min(255, 128 + 2 * (last.data[i]! - original.data[i]!))));
    });
  });

  it("says what the attacker was given, what a failure does not prove, and how to do it again", () => {
    const result = madeUpResult(2);
    const text = textOf(page(result, "gradleak attack --seed 1"));
    expect(text).toContain("Given: the attack was told the true class of every image.");
    expect(text).toContain("not recovered by these attacks under these assumptions");
    expect(text).toContain("gradleak attack --seed 1");
    expect(text).toContain(result.specHash);
    expect(text).toContain("onnxruntime 1.30.0");
    const other = {
      ...result.assumptions,
      labels: "joint",
      mode: "train",
      batchNorm: "private",
      batchSize: 4,
      radius: 2.5,
      defense: null,
    } as const;
    const changed = textOf(page({ ...result, assumptions: other }));
    expect(changed).toContain("looked for them together with the images");
    expect(changed).toContain("training mode");
    expect(changed).toContain("Given: those of the private batch itself.");
    expect(changed).toContain("The gradient of 4 images, averaged");
    expect(changed).toContain("ball of radius 2.50");
    expect(changed).toContain("nobody said");
  });

  it("says what is true of the defense's law, whatever kind it is of", () => {
    const result = madeUpResult(1);
    const saying = (trueLaw: Result["assumptions"]["trueLaw"]) =>
      textOf(page({ ...result, assumptions: { ...result.assumptions, trueLaw } }));
    const { law } = result.assumptions;
    expect(saying({ kind: "known", text: law })).toContain(`${law}, which is the defense's own`);
    expect(saying({ kind: "known", text: "laplacian" })).toContain(`${law}. The defense's own: laplacian`);
    expect(saying({ kind: "deterministic", text: law })).toContain("The defense's own: no density, because nothing is random in it");
    expect(saying({ kind: "unknown", text: "entries are ranked after noise" })).toContain(
      "The defense's own: not known, because entries are ranked after noise",
    );
    expect(saying(null)).not.toContain("The defense's own");
  });

  it("does without originals", () => {
    const result = madeUpResult(1);
    const { original: _, ...files } = result.images[0]!.files;
    const trajectory = result.images[0]!.trajectory.map((moment) => ({ ...moment, psnr: null }));
    const image = { ...result.images[0]!, ...unknown, label: null, className: null, baseline: {}, nearestPublic: null, trajectory, files };
    const summary = { labelAccuracy: null, attack: { ...unknown }, baseline: {}, nearestPublic: null };
    const html = page({ ...result, command: "invert", spec: null, specHash: null, images: [image], summary });
    expect(textOf(html)).toContain("The originals are not known here");
    expect(open(html).querySelectorAll(".curve").length).toBe(1);
    expect(open(html).querySelectorAll(".original").length).toBe(0);
    expect(html).not.toMatch(/NaN|undefined|\bnull\b/);
  });

  it("names an image that is missing, broken, or of another size", () => {
    const result = madeUpResult(1);
    const changed = (bytes: Uint8Array | undefined) => {
      const files = new Map(images);
      files.delete("reconstruction-0.png");
      if (bytes) files.set("reconstruction-0.png", bytes);
      return () => attackReport({ result, images: files, reproduce: "" });
    };
    const gray: RasterImage = { width: 2, height: 3, channels: 1, data: new Uint8Array(6) };
    for (const bytes of [undefined, new Uint8Array(9), encodePng(gray)]) {
      expect(changed(bytes)).toThrow(LeakageError);
      expect(changed(bytes)).toThrow("reconstruction-0.png");
    }
    expect(changed(encodePng(gray))).toThrow("expected an image of 8×8×3 as its original is; got 2×3×1");
  });
});

describe("a verdict", () => {
  it.each([
    [[1], 99, "The private image came back."],
    [[9], 99, "The private image did not come back, by this attack."],
    [[1, 2, 3], 99, "All 3 private images came back."],
    [[1, 9, 9], 99, "1 of 3 private images came back."],
    [[9, 9, 9], 99, "None of the 3 private images came back, by this attack."],
    [[1, 2], 3, "All 2 private images came back, but a guess without the update does as well."],
    [[9, 9], 3, "None of the 2 private images came back, by this attack."],
  ])("of distances %j beside a baseline's %d is: %s", (distances, baseline, headline) => {
    expect(verdict(withDistances(distances, baseline)).sentence).toBe(headline);
  });

  it("does not take an attack that failed for an image that is safe", () => {
    const result = withDistances([1, 9, 9]);
    const images = result.images.map((image, i) => ({ ...image, stopped: i < 2 ? ("stuck" as const) : null }));
    // What came back came back, however the search ended.
    expect(verdict({ ...result, images }).sentence).toBe(
      `1 of 3 private images came back. For 1 image the attack failed (1 stuck: ${stops.stuck}), which says nothing about the update.`,
    );
  });

  it("says whether the search or the update kept images from coming back", () => {
    const result = withDistances([1, 9, 9]);
    const images = result.images.map((image, i) => ({ ...image, limit: ([null, "search", "information"] as const)[i]! }));
    const { detail } = verdict({ ...result, images });
    expect(detail).toContain("For 1 image that did not come back the search failed");
    expect(detail).toContain("For 1 image the update does not determine the image");
  });

  it("warns where the answer to a foreign update explains little of it, with likely causes", () => {
    const result = madeUpResult(1);
    const said = (change: Partial<Result["images"][number]>) =>
      verdict({ ...result, command: "invert", images: [{ ...result.images[0]!, ...unknown, explainable: null, ...change }] });
    expect(said({ explained: 0.998 }).sentence).toBe("The attack returned 1 image; it explains 99.8 % of the update.");
    expect(said({ explained: 0.998 }).detail).not.toContain("causes");
    expect(said({ explained: 0.31 }).sentence).toBe("The attack returned 1 image; it explains 31.0 % of the update, which is little.");
    for (const little of [{ explained: 0.31 }, { explained: -2 }, { explained: null }, { stopped: "nan" as const }])
      expect(said(little).detail).toContain("Likely causes: the client ran in the other mode");
    // Noise that the attacker assumes leaves the rest.
    expect(said({ explained: 0.31, explainable: 0.33 }).detail).not.toContain("causes");
  });

  it("does not take the nearest public images for a guess", () => {
    // They are within δ of every original: the sentences above do not say that a guess does as
    // well.
    const { sentence, detail } = verdict(withDistances([1, 9]));
    expect(sentence).toBe("1 of 2 private images came back.");
    expect(detail).toContain("The nearest of 500 public images, chosen by the original, is that near for 2 of 2: no guess");
  });

  it("counts an image at δ as recovered", () => {
    const { delta } = madeUpResult(1).assumptions;
    expect(verdict(withDistances([delta])).sentence).toBe("The private image came back.");
    expect(verdict(withDistances([delta * (1 + 1e-12)])).sentence).toContain("did not");
  });
});

describe("a terminal image", () => {
  const raster: RasterImage = { width: 2, height: 3, channels: 3, data: Uint8Array.from({ length: 18 }, (_, i) => i) };
  const gray: RasterImage = { width: 1, height: 1, channels: 1, data: Uint8Array.of(7) };

  it("has two pixels in a character", () => {
    expect(terminalImages(raster).split("\n")).toEqual([
      "\u001b[38;2;0;1;2;48;2;6;7;8m▀\u001b[38;2;3;4;5;48;2;9;10;11m▀\u001b[0m",
      "\u001b[38;2;12;13;14;49m▀\u001b[38;2;15;16;17;49m▀\u001b[0m",
    ]);
  });

  it("stands beside others, gray ones and lower ones too", () => {
    const [first, second] = terminalImages(gray, raster).split("\n");
    expect(first).toBe(`\u001b[38;2;7;7;7;49m▀\u001b[0m  ${terminalImages(raster).split("\n")[0]}`);
    expect(second).toBe(`   ${terminalImages(raster).split("\n")[1]}`);
  });
});
