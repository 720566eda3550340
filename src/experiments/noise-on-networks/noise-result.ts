import { z } from "zod";
import { auditResultSchema } from "../../audit/index.ts";
import { head } from "../experiment-result.ts";
import { noises } from "./noise-params.ts";
import { roles } from "./noise-specs.ts";

const interval = z.strictObject({ estimate: z.number(), lower: z.number(), upper: z.number() });

/**
 * The form of `result.json` of `gradleak reproduce noise-on-networks`, from which its JSON Schema is
 * made.
 */
export const noiseSchema = z
  .strictObject({
    ...head("noise-on-networks"),
    cases: z
      .array(
        z.strictObject({
          set: z.string().describe("The data set."),
          kind: z.enum(noises).describe("The noise."),
          strength: z.number().describe("Its strength: a standard deviation, or the noise multiplier of dp-sgd."),
          defense: z.string(),
          accuracy: interval.describe("The accuracy on test examples after the training under this defense, with its 95 % interval."),
          steps: z
            .array(
              z.strictObject({
                step: z.int().nonnegative().describe("The steps of training before the attack."),
                attackers: z
                  .array(
                    z.strictObject({
                      role: z
                        .enum(roles)
                        .describe(
                          "What the attacker compares updates by: the law that is there (bayes), Gaussian noise (l2), Laplace noise (l1), or the cosine. One whose assumption is the law that is there is bayes, and has no entry of its own.",
                        ),
                      attack: z.string().describe("The attack as it was tuned."),
                      psnr: interval
                        .nullable()
                        .describe(
                          "The mean PSNR in decibels, of unclamped pixels, with Student's 95 % interval; null for fewer than two numbers.",
                        ),
                      behind: interval
                        .nullable()
                        .describe(
                          "The PSNR of bayes minus that of this attacker, on the same updates, with its interval; null for bayes, and for fewer than two numbers.",
                        ),
                      counted: z.int().nonnegative().describe("The images with a number from this attacker and from bayes."),
                    }),
                  )
                  .min(1),
                audit: auditResultSchema.describe("The audit that these numbers are from; its images are files of the result's folder."),
              }),
            )
            .min(1),
          gain: interval
            .nullable()
            .describe(
              "The PSNR of bayes after the training minus that before, on the same images, with its 95 % interval; null for fewer than two numbers.",
            ),
        }),
      )
      .min(1),
  })
  .describe("Attackers that assume a law against updates behind noise, before and after a training under that noise, with its accuracy.");

/** What the comparison found, as `result.json` holds it. */
export type NoiseResult = z.output<typeof noiseSchema>;
