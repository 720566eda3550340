import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Figure4Result, validateExperiment } from "../../src/experiments/index.ts";
import { filesIn, interrupted } from "./interrupted.ts";

const home = mkdtempSync(join(tmpdir(), "gradleak-reproduce-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Runs the built command line; `npm test` builds it first. */
function gradleak(...words: readonly string[]): Promise<{ code: number; out: string; told: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["dist/cli/main.js", ...words], { timeout: 60_000, maxBuffer: 2 ** 26 }, (error, out, told) => {
      resolve({ code: error ? ((error as { code?: number }).code ?? -1) : 0, out, told });
    });
  });
}
const reproduce = (...words: readonly string[]) => gradleak("reproduce", ...words);
const small = [
  "--quick",
  "--width",
  "6,4",
  "--classes",
  "3",
  "--samples",
  "4",
  "--networks",
  "1",
  "--steps",
  "3",
  "--k",
  "2",
  "--dimension",
  "5",
  "--tune-draws",
  "2",
];

describe("gradleak reproduce", () => {
  it("writes a valid result and its report, and says which command makes them again", async () => {
    const out = join(home, "figure-4");
    const first = await reproduce("figure-4", ...small, "--seed", "2", "--out", out, "--json");
    expect(first.told).toBe("");
    expect(first.code).toBe(0);
    const told = JSON.parse(first.out.trim().split("\n").at(-1)!) as { event: string };
    expect(told.event).toBe("result");
    const text = readFileSync(join(out, "result.json"), "utf8");
    const result = validateExperiment(JSON.parse(text), "result.json") as Figure4Result;
    // What is given stands in the place of what --quick sets; the rest of --quick stays.
    expect(result.spec).toMatchObject({
      seed: 2,
      experiment: { kind: "figure-4", width: [6, 4], classes: [3], samples: 4, delta: [0, 0.5] },
    });
    expect(result.tuned).toMatchObject({ by: "distance", draws: 2 });
    const report = readFileSync(join(out, "report.html"), "utf8");
    expect(report).toContain(result.tuned!.specHash.slice(0, 12));
    expect(report).toContain(result.specHash);
    const words = /<pre>(.*?)<\/pre>/s
      .exec(report)![1]!
      .replaceAll(/<[^>]*>/g, "")
      .trim()
      .split(/\s+/)
      .slice(2);
    const again = join(home, "again");
    expect((await reproduce(...words, "--out", again)).code).toBe(0);
    expect(readFileSync(join(again, "result.json"), "utf8")).toBe(text);
    const [file, ran] = [join(home, "spec.json"), join(home, "ran")];
    writeFileSync(file, JSON.stringify(result.spec));
    expect((await gradleak("run", file, "--out", ran)).code).toBe(0);
    expect(readFileSync(join(ran, "result.json"), "utf8")).toBe(text);
  }, 120_000);

  it("goes on where it was killed, and gives the bytes of a run that nobody killed", async () => {
    const words = ["figure-4", ...small, "--seed", "3"];
    const [whole, killed] = [join(home, "whole"), join(home, "killed")];
    expect((await reproduce(...words, "--out", whole)).code).toBe(0);
    const part = "parts/panel-0.json";
    await interrupted(["reproduce", ...words], killed, part, "SIGKILL");
    expect(existsSync(join(killed, "result.json"))).toBe(false);
    const made = statSync(join(killed, part)).mtimeMs;
    expect((await reproduce(...words, "--out", killed)).code).toBe(0);
    expect(statSync(join(killed, part)).mtimeMs).toBe(made);
    expect(filesIn(killed).filter((name) => !name.endsWith(".part"))).toEqual(filesIn(whole));
    const read = (folder: string, name: string) => readFileSync(join(folder, name), "utf8");
    for (const name of ["result.json", "report.html", part]) expect(read(killed, name) === read(whole, name), name).toBe(true);
  }, 120_000);

  it("says what is wrong before any work", async () => {
    const out = join(home, "none");
    for (const [words, sentence] of [
      [["figure-4", "--samples", "1"], "samples must be an integer from 2"],
      [["figure-4", "--delta", "0,-1"], "delta must be"],
      [["figure-4", "--k", "0"], "k must be"],
      [["figure-4", "--scale", "0"], "scale must be a number > 0"],
      [["figure-4", "--tune-rate", "0.1,0"], "tuneRate must be"],
      [["figure-4", "--k", "3", "--points", "antithetic"], "k=3 is odd"],
      [["figure-1", "--image", "10000"], "no image 10000"],
      [["figure-1", "--attack", "byes"], "There is no attack"],
      [["figure-5"], "unknown command"],
    ] as const) {
      const { code, told } = await reproduce(...words, ...(words.length > 1 ? ["--out", out] : []));
      expect(told).toContain(sentence);
      expect(code).toBe(2);
    }
    expect(existsSync(out)).toBe(false);
  }, 180_000);
});
