import { z } from "zod";
import { invalid } from "../audit/index.ts";
import { assumedLawSchema } from "./assumed-law-result.ts";
import { batchNormPriorSchema } from "./batch-norm-prior-result.ts";
import type { ExperimentResult } from "./experiment.ts";
import { figure1Schema } from "./figure-1-result.ts";
import { figure4Schema } from "./figure-4-result.ts";
import { table1Schema } from "./table-1-result.ts";

/** The form of `result.json` of `gradleak reproduce`, from which its JSON Schema is made. */
export const experimentSchema = z.discriminatedUnion("experiment", [
  assumedLawSchema,
  batchNormPriorSchema,
  figure1Schema,
  figure4Schema,
  table1Schema,
]);

/**
 * Checks what was read from an experiment's `result.json`.
 *
 * @param source its name in errors.
 * @throws LeakageError `file` that names the entry, what was expected and what came.
 */
export function validateExperiment(value: unknown, source: string): ExperimentResult {
  const checked = experimentSchema.safeParse(value, { reportInput: true });
  if (checked.success) return checked.data;
  throw invalid(checked.error, source);
}
