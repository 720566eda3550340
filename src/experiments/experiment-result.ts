import { z } from "zod";
import { specFields, specFieldsOf } from "../audit/index.ts";
import type { ExperimentRun } from "./experiment.ts";

/** What every result of an experiment begins with. */
export const head = <Name extends string>(experiment: Name) => ({
  format: z.literal(`gradleak-${experiment}-1`),
  command: z.literal("reproduce"),
  experiment: z.literal(experiment),
  ...specFields,
  notes: z.array(z.string()).describe("What a reader must know besides, in sentences."),
});

/** What a result of that form begins with, but for the notes. */
export const headOf = <Name extends string>(experiment: Name, { spec, versions }: Pick<ExperimentRun, "spec" | "versions">) => ({
  format: `gradleak-${experiment}-1` as const,
  command: "reproduce" as const,
  experiment,
  ...specFieldsOf(spec, versions),
});
