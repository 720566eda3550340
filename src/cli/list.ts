import pc from "picocolors";
import { attacks, conditionals } from "../attacks/index.ts";
import { losses } from "../client/index.ts";
import { datasets } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { experiments } from "../experiments/index.ts";
import { partitions, schedules } from "../federated/index.ts";
import { models } from "../models/index.ts";
import { nearest, type Row } from "../parts/index.ts";
import { priors } from "../priors/index.ts";

const nouns: Readonly<Record<string, () => readonly Row[]>> = {
  attacks: () => attacks.list(),
  conditionals: () => conditionals.list(),
  data: () => datasets.list(),
  defenses: () => defenses.list(),
  experiments: () => experiments.list(),
  losses: () => losses.list(),
  models: () => models.list(),
  partitions: () => partitions.list(),
  priors: () => priors.list(),
  schedules: () => schedules.list(),
};

/** Runs `gradleak list`: prints the catalogue on stdout. */
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

const parameterLine = ({ name, type, range, default: initial, doc }: Row["params"][number]): string =>
  `${name}${initial === undefined ? "" : pc.dim(` = ${initial}`)}  ${pc.dim([type, range].filter(Boolean).join(" "))}  ${doc}`;
