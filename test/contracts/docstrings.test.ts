import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { complaintsOf, packages } from "../compiled.ts";

// The examples in docstrings of src/ compile against what the package exports.

const root = resolve(import.meta.dirname, "../..");
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

const loose = { noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false, isolatedModules: false };

/** The names that the package exports. */
const exported = new Set([...readFileSync(packages.gradleak, "utf8").matchAll(/[\w]+(?=,?\s*[,}])/g)].map(([name]) => name));

/** An example as a function in a file of its own, which imports what the example leaves out. */
function asFile(code: string): string {
  const stated = code.match(/^import [^;]+;$/gm) ?? [];
  const body = stated.reduce((rest, one) => rest.replace(one, ""), code);
  const words = new Set(`${body} ${Object.values(given).join(" ")}`.match(/\w+/g));
  const known = new Set(stated.join().match(/\w+/g));
  const imports = [...exported].filter((one) => words.has(one) && !known.has(one)).join(", ");
  const parameters = Object.entries(given).map(([one, type]) => `${one}: ${type}`);
  return `${stated.join("\n")}\nimport { ${imports} } from "gradleak";\nexport async function example(${parameters.join(", ")}) {{\n${body}\n}}\n`;
}

describe("examples in docstrings", () => {
  it.each([
    ...["assuming", "attackOf", "attacks", "audit", "defenses", "deterministicStep", "exactBayes", "fedSgd", "finish", "lawOf"],
    ...["models", "plan", "priors", "reconstruct", "scenario", "send", "simulate", "stepWithoutLaw"],
  ])("show how %s is used", (name) => {
    expect(examples.map((example) => example.name)).toContain(name);
  });

  it("compile", () => {
    const said = complaintsOf(
      examples.map(({ code }) => asFile(code)),
      loose,
    );
    expect(examples.flatMap(({ source, name }, i) => said[i]!.map((complaint) => `${source}, ${name}: ${complaint}`))).toEqual([]);
  }, 120_000);
});
