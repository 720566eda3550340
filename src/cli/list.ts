import pc from "picocolors";
import { attacks } from "../attacks/index.ts";
import { vectorSets } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { experiments } from "../experiments/index.ts";
import { models } from "../models/index.ts";
import { nearest, type Row } from "../parts/index.ts";
import { priors } from "../priors/index.ts";

const dataRows: readonly Row[] = [
  { kind: "cifar10", doc: "CIFAR-10, after gradleak data fetch cifar10, or from its official files.", params: [] },
  { kind: "mnist", doc: "MNIST, after gradleak data fetch mnist, or from its official files.", params: [] },
  { kind: "shapes", doc: "Drawn pictures of ten kinds of objects, 32×32 in color; ships with this program.", params: [] },
  ...vectorSets.list(),
];

const nouns: Readonly<Record<string, () => readonly Row[]>> = {
  attacks: () => attacks.list(),
  data: () => dataRows,
  defenses: () => defenses.list(),
  experiments: () => experiments.list(),
  models: () => models.list(),
  priors: () => priors.list(),
};

/** `gradleak list`: the catalogue on stdout. */
export function list(noun: string | undefined, { json = false }: { json?: boolean }): void {
  if (noun !== undefined && !Object.hasOwn(nouns, noun))
    throw new LeakageError(
      "spec",
      `There is no list of ${JSON.stringify(noun)}; did you mean ${nearest(noun, Object.keys(nouns)) ?? "attacks"}? There are ${Object.keys(nouns).join(", ")}.`,
    );
  const chosen = noun === undefined ? Object.keys(nouns) : [noun];
  if (json) {
    process.stdout.write(`${JSON.stringify(Object.fromEntries(chosen.map((name) => [name, nouns[name]!()])))}\n`);
    return;
  }
  for (const name of chosen) {
    process.stdout.write(`${pc.bold(name)}\n`);
    for (const { kind, doc, params } of nouns[name]!()) {
      process.stdout.write(`  ${pc.cyan(kind)}  ${doc}\n`);
      for (const parameter of params) process.stdout.write(`    ${parameterLine(parameter)}\n`);
    }
    process.stdout.write("\n");
  }
}

const parameterLine = ({ name, type, default: initial, doc }: Row["params"][number]): string =>
  `${name}${initial === undefined ? "" : pc.dim(` = ${initial}`)}  ${pc.dim(type)}  ${doc}`;
