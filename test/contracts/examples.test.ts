import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, describe, expect, it, vi } from "vitest";

// The examples of the README and of docs/ that are marked `<!-- compiled -->` compile, and run.

const root = resolve(import.meta.dirname, "../..");
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
const examples = ["README.md", ...docs.map((name) => join("docs", name))].flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^<!-- compiled -->\n```ts\n(.*?)^```/gms)].map(([, code], i) => ({
    name: `${page} ${i + 1}`,
    code: code!,
  })),
);
const packages = { gradleak: join(root, "src/index.ts"), "gradleak/node": join(root, "src/node/index.ts") };

const home = mkdtempSync(join(tmpdir(), "gradleak-examples-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/**
 * What the compiler says of each example, as a file in the root with the package's names for its
 * sources.
 */
function complaints(): ReadonlyMap<string, readonly string[]> {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const files = new Map(examples.map(({ name, code }, i) => [join(root, `example-${i}.ts`), { name, code }]));
  const paths = Object.fromEntries(Object.entries(packages).map(([name, source]) => [name, [source]]));
  const settings = { ...options, noUnusedLocals: false, paths };
  const host = ts.createCompilerHost(settings);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (file) => files.get(resolve(file))?.code ?? readFile.call(host, file);
  host.fileExists = (file) => files.has(resolve(file)) || fileExists.call(host, file);
  host.getSourceFile = (file, language) => {
    const own = files.get(resolve(file));
    return own ? ts.createSourceFile(file, own.code, language) : getSourceFile.call(host, file, language);
  };
  const program = ts.createProgram([...files.keys()], settings, host);
  return new Map(
    [...files].map(([path, { name }]) => {
      const file = program.getSourceFile(path)!;
      const said = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return [name, said.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))];
    }),
  );
}

describe("examples of the pages", () => {
  it("are there", () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  it("compile", () => {
    expect([...complaints()].filter(([, said]) => said.length > 0)).toEqual([]);
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
