import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

// The examples of CONTRIBUTING.md, put where it says and listed where it says, compile.

const root = resolve(import.meta.dirname, "../..");
const text = readFileSync(resolve(root, "CONTRIBUTING.md"), "utf8");

/** Files of the page, by path: the first file that the paragraph above a block names. */
const examples = new Map(
  [...text.matchAll(/([^\n]+(?:\n[^\n]+)*)\n\n```ts\n(.*?)```/gs)].flatMap(([, paragraph, code]) => {
    const path = /`(src\/[\w/-]+\.ts)`/.exec(paragraph!)?.[1];
    return path && code!.includes("export ") ? [[resolve(root, path), code!] as const] : [];
  }),
);

/** What the page asks to be written into files that are there. */
const listed: Readonly<Record<string, (source: string) => string>> = {
  "src/graph/ops/table.ts": (source) =>
    `import { type CumulativeOps, cumulative } from "./cumulative.ts";\n${source}`
      .replace("extends ", "extends CumulativeOps,\n    ")
      .replace(/(\n\s+)\.\.\./, "$1...cumulative,$1..."),
  "src/experiments/experiments.ts": (source) =>
    `import { noiseLevels } from "./noise-levels/noise-levels.ts";\n${source}`.replace("const all = [", "const all = [noiseLevels, "),
  "src/report/experiment-report.ts": (source) =>
    `import { noiseLevelsTelling } from "./noise-levels-report.ts";\n${source}`.replace(
      /(const tellings: .*\n)/,
      '$1  "noise-levels": noiseLevelsTelling,\n',
    ),
  "src/distributions/index.ts": (source) => `${source}export { logistic } from "./logistic.ts";\n`,
};

function complaints(): string[] {
  const { config } = ts.readConfigFile(resolve(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const changed = new Map(Object.entries(listed).map(([path, change]) => [resolve(root, path), change]));
  const read = host.readFile.bind(host);
  const contents = (path: string) => examples.get(resolve(path)) ?? changed.get(resolve(path))?.(read(path)!) ?? read(path);
  host.readFile = contents;
  host.fileExists = (path) => examples.has(resolve(path)) || ts.sys.fileExists(path);
  // An example may stand in a folder of its own, which is not there.
  const folders = new Set([...examples.keys()].map((path) => dirname(path)));
  host.directoryExists = (path) => folders.has(resolve(path)) || ts.sys.directoryExists(path);
  host.getSourceFile = (path, language) => {
    const source = contents(path);
    return source === undefined ? undefined : ts.createSourceFile(path, source, language);
  };
  const program = ts.createProgram([...examples.keys()], options, host);
  const files = [...examples.keys(), ...changed.keys()].map((path) => program.getSourceFile(path)!);
  return files
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
}

describe("CONTRIBUTING.md", () => {
  it("has an example of every kind of part", () => {
    const rooms = [...examples.keys()].map((path) => dirname(path).slice(root.length + 1));
    expect(new Set(rooms)).toEqual(
      new Set([
        "src/graph/ops",
        "src/models",
        "src/distributions",
        "src/defenses",
        "src/priors",
        "src/attacks",
        "src/data",
        "src/experiments/noise-levels",
        "src/report",
      ]),
    );
  });

  it("has examples that compile", () => {
    expect(complaints()).toEqual([]);
  });
});
