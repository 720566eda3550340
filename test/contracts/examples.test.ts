import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";
import { complaintsOf, packages } from "../compiled.ts";

// The examples of the README and of docs/ that are marked `<!-- compiled -->` compile, and run.

const root = resolve(import.meta.dirname, "../..");
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
const examples = ["README.md", ...docs.map((name) => join("docs", name))].flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^<!-- compiled -->\n```ts\n(.*?)^```/gms)].map(([, code], i) => ({
    name: `${page} ${i + 1}`,
    code: code!,
  })),
);

const home = mkdtempSync(join(tmpdir(), "gradleak-examples-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("examples of the pages", () => {
  it("are there", () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  it("compile", () => {
    const said = complaintsOf(
      examples.map(({ code }) => code),
      { noUnusedLocals: false },
    );
    expect(examples.flatMap(({ name }, i) => said[i]!.map((complaint) => `${name}: ${complaint}`))).toEqual([]);
  }, 120_000);

  it.each(examples)(
    "$name runs",
    async ({ name, code }) => {
      const told = vi.spyOn(console, "log").mockImplementation(() => {});
      const sources = Object.entries(packages).reduce(
        (text, [name, source]) => text.replaceAll(`from "${name}"`, `from ${JSON.stringify(pathToFileURL(source).href)}`),
        code,
      );
      const path = join(home, `${name.replaceAll(/\W+/g, "-")}.ts`);
      writeFileSync(path, sources);
      await import(/* @vite-ignore */ pathToFileURL(path).href);
      expect(told).toHaveBeenCalled();
      told.mockRestore();
    },
    120_000,
  );
});
