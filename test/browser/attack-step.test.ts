import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { devices } from "../../src/runtime/index.ts";
import { type Answer, attackSteps, type Question } from "./attack-steps.ts";
import { openChromium } from "./chromium.ts";

/**
 * `flips`: pixels that may differ at will. Adam on signs moves a pixel by the whole rate, whichever
 * way its derivative points, and where that is zero to the last digit the engines may disagree.
 */
const questions: readonly (Question & { readonly flips: number })[] = [
  { model: "lenet:variant=soteria", attack: "descent", evaluations: 5, flips: 0 },
  { model: "lenet:variant=soteria", attack: "inverting-gradients", evaluations: 5, flips: 3 },
  { model: "lenet:variant=zhu", attack: "idlg", evaluations: 8, flips: 0 },
  { model: "mlp:sizes=64/32", attack: "descent", evaluations: 5, flips: 0 },
  { model: "mlp:sizes=64/32", attack: "inverting-gradients", evaluations: 5, flips: 3 },
  { model: "mlp:sizes=64/32", attack: "idlg", evaluations: 8, flips: 0 },
];

/**
 * Relative; beside it, 16 units of float32's last place at 1, because the objective of a cosine is
 * 1 minus a number close to 1.
 */
const tolerance = { relative: 1e-4, absolute: 16 * 2 ** -23 };

const norm = (numbers: ArrayLike<number>): number => Math.sqrt(Array.from(numbers).reduce((sum, number) => sum + number * number, 0));
const minus = (a: Float32Array, b: Float32Array): number[] => Array.from(a, (entry, i) => entry - b[i]!);
const withoutLargest = (numbers: readonly number[], count: number): number[] =>
  numbers.toSorted((a, b) => Math.abs(b) - Math.abs(a)).slice(count);

let folder: string;
let server: PreviewServer | undefined;
let browser: Browser | undefined;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gradleak-browser-"));
  const outDir = join(folder, "site");
  const site = { root: import.meta.dirname, configFile: false, logLevel: "warn" } as const;
  const input = join(import.meta.dirname, "page.html");
  await build({ ...site, build: { outDir, emptyOutDir: false, target: "es2023", minify: false, rolldownOptions: { input } } });
  // WebAssembly has threads only on a page that is isolated from other origins.
  const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  server = await preview({ ...site, build: { outDir }, preview: { host: "127.0.0.1", port: 0, headers } });
  browser = await openChromium(folder);
  page = await browser.newPage();
  await page.goto(new URL("page.html", server.resolvedUrls!.local[0]).href);
  await page.waitForFunction("globalThis.attackSteps");
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe("a browser and Node", () => {
  it("compute with different engines, in threads", async () => {
    expect(await devices()).toContain("cpu");
    expect(await page.evaluate("devices()")).toContain("wasm");
    const worker = page.waitForEvent("worker");
    await page.evaluate(`attackSteps(${JSON.stringify({ ...questions[0], evaluations: 1 })})`);
    expect((await worker).url()).toContain("/ort.");
  });

  it.each(questions)("take the same steps of $attack on $model", async ({ flips, ...question }) => {
    const node = await attackSteps(question);
    const web = await page.evaluate<Answer>(`attackSteps(${JSON.stringify(question)})`);

    node.update.forEach((sent, i) => {
      expect(norm(minus(web.update[i]!, sent))).toBeLessThanOrEqual(tolerance.relative * norm(sent));
    });
    expect(web.objectives).toHaveLength(question.evaluations);
    node.objectives.forEach((objective, i) => {
      expect(Math.abs(web.objectives[i]! - objective)).toBeLessThanOrEqual(tolerance.relative * Math.abs(objective) + tolerance.absolute);
    });
    // What the steps changed is compared, not the image, most of which is the starting point.
    node.images.forEach((image, i) => {
      const difference = withoutLargest(minus(web.images[i]!, image), flips);
      expect(norm(difference)).toBeLessThanOrEqual(tolerance.relative * norm(minus(image, node.start)));
    });
    expect(norm(minus(node.images.at(-1)!, node.start))).toBeGreaterThan(0.01 * norm(node.start));
  });
});
