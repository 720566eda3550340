import { z } from "zod";
import { specFields } from "../audit/index.ts";

/** What every result of an experiment begins with. */
export const head = <Name extends string>(experiment: Name) => ({
  format: z.literal(`gradleak-${experiment}-1`),
  command: z.literal("reproduce"),
  experiment: z.literal(experiment),
  ...specFields,
  notes: z.array(z.string()).describe("What a reader must know besides, in sentences."),
});
