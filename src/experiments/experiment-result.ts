import { z } from "zod";
import { hash, specFields } from "../audit/index.ts";
import { specHash } from "../parts/index.ts";
import type { ExperimentRun } from "./experiment.ts";

/** The version of the forms of all experiments' results. */
const version = 2;

/** What every result of an experiment begins with. */
export const head = <Name extends string>(experiment: Name) => ({
  format: z.literal(`gradleak-${experiment}-${version}`),
  command: z.literal("reproduce"),
  experiment: z.literal(experiment),
  ...specFields,
  spec: z.record(z.string(), z.json()).describe("What was asked for, complete: gradleak run takes it."),
  specHash: hash.describe("SHA-256 of the canonical JSON (RFC 8785) of spec."),
  notes: z.array(z.string()).describe("What a reader must know besides, in sentences."),
});

/** What a result of that form begins with, but for the notes. */
export const headOf = <Name extends string>(experiment: Name, { spec, versions }: Pick<ExperimentRun, "spec" | "versions">) => ({
  format: `gradleak-${experiment}-${version}` as const,
  command: "reproduce" as const,
  experiment,
  spec: { ...spec } as Record<string, z.core.util.JSONType>,
  specHash: specHash(spec),
  seed: spec.seed,
  versions: { ...versions },
});
