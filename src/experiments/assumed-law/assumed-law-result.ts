import { z } from "zod";
import { auditResultSchema } from "../../audit/index.ts";
import { head } from "../experiment-result.ts";

/**
 * The form of `result.json` of `gradleak reproduce assumed-law`, from which its JSON Schema is
 * made.
 */
export const assumedLawSchema = z
  .strictObject({
    ...head("assumed-law"),
    audits: z
      .array(
        z.strictObject({
          panel: z.enum(["vectors", "images"]),
          audit: auditResultSchema.describe(
            "The attacker that assumes the law that is there comes first; its images are files of the result's folder.",
          ),
        }),
      )
      .min(1)
      .describe("One a defense."),
  })
  .describe(
    "Attackers that assume the law of the defense that is there, against others that assume another one, all tuned at equal budgets.",
  );

/** What the comparison found, as `result.json` holds it. */
export type AssumedLawResult = z.output<typeof assumedLawSchema>;
