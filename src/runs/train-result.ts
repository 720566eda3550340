import { z } from "zod";
import { auditResultSchema, fileName, hash, invalid, privacySchema, specFields } from "../audit/index.ts";

const share = z.strictObject({ estimate: z.number(), lower: z.number(), upper: z.number() });
const round = z.int().nonnegative();

/** The form of `result.json` of `gradleak train`, from which its JSON Schema is made. */
export const trainResultSchema = z
  .strictObject({
    format: z.literal("gradleak-train-1"),
    command: z.literal("train"),
    ...specFields,
    rounds: z
      .array(
        z.strictObject({
          round: round.describe("The number of rounds that are finished; 0 is before the first one."),
          loss: z
            .number()
            .nullable()
            .describe("The mean loss of the clients over the batches of this round, before its step. null before the first round."),
          accuracy: z
            .number()
            .nullable()
            .describe("The share of test examples that are classified as labeled after this round; null if it was not measured."),
        }),
      )
      .min(1),
    accuracy: share.describe("The accuracy after the last round, with the ends of its interval (Clopper and Pearson)."),
    confidence: z.number().describe("The two-sided confidence of that interval."),
    testExamples: z.int().positive().describe("The number of examples that accuracy was measured on."),
    clients: z
      .array(z.strictObject({ examples: z.int().positive(), labels: z.array(z.int().nonnegative()) }))
      .min(1)
      .describe("The number of examples of each client, and of those of each class."),
    checkpoints: z
      .array(z.strictObject({ round, file: fileName, sha256: hash }))
      .describe("The weights after some rounds, as safetensors that --weights of other commands reads."),
    audits: z
      .array(
        z.strictObject({
          round,
          psnr: z
            .array(z.number().nullable())
            .describe("The mean PSNR of each cell in decibels, from distances between pixels; null for vectors or other distances."),
          result: auditResultSchema,
        }),
      )
      .describe("An audit of what clients would send after each of some rounds."),
    blocked: z
      .strictObject({ round, gate: z.string(), value: z.number().describe("The value that the gate compared.") })
      .nullable()
      .describe("The round after which the training was stopped, because its updates leak more than a gate allows; null if it was not."),
    privacy: privacySchema
      .optional()
      .describe(
        "The example-level differential privacy of the finished rounds, for the client for which it is least; absent if the defense gives none.",
      ),
    notes: z.array(z.string()).describe("What else a reader must know, in sentences."),
  })
  .describe("A federated training, with accuracy and audits over its rounds.");

/** The result of a training, as in `result.json`. */
export type TrainResult = z.output<typeof trainResultSchema>;

/**
 * Checks the contents of a training's `result.json`.
 *
 * @param source the name of the file, for errors.
 * @throws LeakageError `file` that names the entry, what was expected and what came.
 */
export function validateTrainResult(value: unknown, source: string): TrainResult {
  const checked = trainResultSchema.safeParse(value, { reportInput: true });
  if (checked.success) return checked.data;
  throw invalid(checked.error, source);
}
