import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

// The examples in docstrings of src/ compile against what the package exports.

const root = resolve(import.meta.dirname, "../..");
const entry = join(root, "src/index.ts");
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

/** The fenced examples, by the name of the export that each of them documents. */
const examples = sources.flatMap((source) =>
  [
    ...readFileSync(join(root, "src", source), "utf8").matchAll(
      /@example\n \* ```ts\n(.*?) \* ```\n \*\/\nexport (?:async )?(?:const|function\*?) (\w+)/gs,
    ),
  ].map(([, code, name]) => ({ name: name!, source, code: code!.replaceAll(/^ \* ?/gm, "") })),
);

/** What an example may take as given: it is about the one thing that it shows. */
const given: Readonly<Record<string, string>> = {
  attack: "Attack",
  batch: "Batch",
  client: "Client",
  data: "Dataset<readonly number[]>",
  defense: "Defense",
  key: "Key",
  keys: "readonly KeyBits[]",
  machine: "Machine",
  model: "Model",
  publicData: "Dataset<readonly number[]>",
  received: "Received",
  scenarios: "readonly Scenario[]",
  sources: "Sources",
};

/** What the compiler says of each example, as a function in a file of its own. */
function complaints(): readonly string[] {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const paths = { gradleak: [entry], "gradleak/node": [join(root, "src/node/index.ts")] };
  const loose = { noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false, isolatedModules: false };
  const settings = { ...options, ...loose, paths };
  const exported = [...readFileSync(entry, "utf8").matchAll(/[\w]+(?=,?\s*[,}])/g)].map(([name]) => name);
  const files = new Map(
    examples.map(({ name, source, code }, i) => {
      const stated = code.match(/^import [^;]+;$/gm) ?? [];
      const body = stated.reduce((rest, one) => rest.replace(one, ""), code);
      const words = new Set(`${body} ${Object.values(given).join(" ")}`.match(/\w+/g));
      const known = new Set(stated.join().match(/\w+/g));
      const imports = [...new Set(exported)].filter((one) => words.has(one) && !known.has(one)).join(", ");
      const parameters = Object.entries(given).map(([one, type]) => `${one}: ${type}`);
      const text = `${stated.join("\n")}\nimport { ${imports} } from "gradleak";\nexport async function example(${parameters.join(", ")}) {{\n${body}\n}}\n`;
      return [join(root, `docstring-${i}.ts`), { text, place: `${source}, ${name}` }];
    }),
  );
  const host = ts.createCompilerHost(settings);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (file) => files.get(resolve(file))?.text ?? readFile.call(host, file);
  host.fileExists = (file) => files.has(resolve(file)) || fileExists.call(host, file);
  host.getSourceFile = (file, language) => {
    const own = files.get(resolve(file));
    return own ? ts.createSourceFile(file, own.text, language) : getSourceFile.call(host, file, language);
  };
  const program = ts.createProgram([...files.keys()], settings, host);
  return [...files].flatMap(([path, { place }]) => {
    const file = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${place}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
}

describe("examples in docstrings", () => {
  it.each([
    ...["assuming", "attackOf", "attacks", "audit", "defenses", "deterministicStep", "exactBayes", "fedSgd", "finish", "lawOf"],
    ...["models", "plan", "priors", "reconstruct", "scenario", "send", "simulate", "stepWithoutLaw"],
  ])("show how %s is used", (name) => {
    expect(examples.map((example) => example.name)).toContain(name);
  });

  it("compile", () => {
    expect(complaints()).toEqual([]);
  }, 120_000);
});
