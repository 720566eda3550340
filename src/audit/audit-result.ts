import { z } from "zod";
import { criterion } from "../scenario/index.ts";
import { assumptionsSchema, fileName, hash, invalid, specFields, trueLawSchema } from "./result-fields.ts";

const share = z
  .strictObject({ estimate: z.number(), lower: z.number(), upper: z.number() })
  .describe("A share of the images, between the ends of its interval, from 0 to 1.");
const shares = {
  recovered: share.describe("The share of images whose reconstruction is at most δ away."),
  risk: share.describe("The share of the others: 1 − recovered, ends exchanged."),
  quantiles: z
    .array(z.strictObject({ probability: z.number(), distance: z.number().nullable() }))
    .describe("Of the distances; null where the reconstruction is not a number, which counts as farther than any."),
};
const name = z.string().min(1);

const baseline = z.strictObject({ name, ...shares }).describe("A guess of one who saw no update: how near it comes on the same draws.");

const nearestPublic = z
  .strictObject({
    count: z.int().positive().describe("Public examples that were looked at: the first ones of the other split."),
    ...shares,
  })
  .nullable()
  .describe(
    "The public example nearest to each original. No guess, because choosing it takes the original: an upper bound of what returning a public example gives. Null where none are public.",
  );

/** A reconstruction beside its original; null where it is not a number. */
const example = z
  .strictObject({
    draw: z.int().nonnegative(),
    place: z.int().nonnegative().describe("In its batch."),
    index: z.int().nonnegative().describe("In the data set."),
    label: z.int().nonnegative(),
    className: z.string().nullable(),
    distance: z.number().nonnegative(),
    files: z.strictObject({ original: fileName, reconstruction: fileName }).optional(),
  })
  .nullable();

const cell = z.strictObject({
  defense: name,
  attack: name,
  tuned: z
    .strictObject({
      specHash: hash.describe("Of the tuning's spec."),
      by: criterion.describe("What was least: mean distance from the images drawn there, or the attacker's objective."),
      candidates: z.int().positive(),
      draws: z.int().positive().describe("On which each candidate was tried; none of them is scored here."),
      attack: name.describe("The best candidate, which is what was carried out."),
      values: z
        .record(z.string(), z.json())
        .nullable()
        .describe("Its varied parameters by their paths; null where another command tuned it."),
    })
    .nullable()
    .describe("How it was tuned behind this defense; null where it was not."),
  law: z.string().describe("What the attacker takes for p(update | images)."),
  trueLaw: trueLawSchema,
  prior: z.string().describe("What the attacker takes for p(images)."),
  radius: z.number().nonnegative().describe("Radius of the ball that the attack averages over; 0 for a point."),
  points: z.int().positive().describe("Points that the attack draws in that ball at each step."),
  ...shares,
  failed: z.int().nonnegative().describe("Images whose reconstruction is not a number; they count as not recovered."),
  nearest: example.describe("The image that came back best: the worst for its owner."),
  first: example.describe("The first image of the first draw, which nobody chose."),
  seconds: z.number().nonnegative().describe("Wall time of the attack on all draws."),
});

const comparison = z
  .strictObject({
    defense: name,
    first: name,
    second: name,
    both: z.int().nonnegative(),
    onlyFirst: z.int().nonnegative(),
    onlySecond: z.int().nonnegative(),
    neither: z.int().nonnegative(),
    pValue: z.number().nullable().describe("Exact McNemar, two-sided, that both recover equally often; null for clustered draws."),
    recovered: z
      .strictObject({ estimate: z.number(), lower: z.number(), upper: z.number(), interval: z.enum(["tango", "cluster-bootstrap"]) })
      .describe("Share that the first recovers minus share that the second does."),
    distance: z
      .strictObject({ estimate: z.number(), lower: z.number(), upper: z.number(), images: z.int().positive() })
      .nullable()
      .describe("Mean distance of the first minus that of the second, bootstrap; over the images that both returned numbers for."),
  })
  .describe("Two attacks on the same draws.");

const gate = z
  .strictObject({
    text: name,
    confidence: z.number().describe("Of each interval that it read, so that those of all attacks on a defense hold together (Bonferroni)."),
    verdicts: z
      .array(z.strictObject({ defense: name, attack: name.describe("The strongest."), value: z.number(), fails: z.boolean() }))
      .min(1),
    fails: z.boolean().describe("Whether it fails for any defense."),
  })
  .nullable()
  .describe("The condition under which the audit fails; null where none was asked for.");

/** The form of `result.json` of `gradleak audit`, from which its JSON Schema is made. */
export const auditResultSchema = z
  .strictObject({
    format: z.literal("gradleak-audit-2"),
    command: z.literal("audit"),
    ...specFields,
    seconds: z
      .strictObject({
        preparing: z.number().nonnegative().describe("Reading data and weights, checking, statistics."),
        tuning: z.number().nonnegative(),
        simulating: z.number().nonnegative().describe("Clients and their defenses."),
        attacking: z.number().nonnegative(),
        scoring: z.number().nonnegative().describe("Distances, baselines, the nearest public images."),
      })
      .describe("Wall time of the phases, summed over draws."),
    lanes: z.int().positive().describe("Draws that one program attacked together."),
    threads: z.array(z.int().positive()).describe("Of the runtime, each number that some draws were made with."),
    assumptions: assumptionsSchema
      .omit({ law: true, trueLaw: true, prior: true, radius: true, samples: true, defense: true })
      .describe("What every attacker was given."),
    items: z.enum(["image", "vector"]).describe("What is private: pictures, or vectors. What follows says image of both."),
    draws: z.int().positive().describe("N, the independent draws of a batch, its noise and its starting point."),
    images: z.int().positive().describe("N times the images of a batch."),
    interval: z
      .enum(["clopper-pearson", "cluster-bootstrap"])
      .describe("How the intervals of shares were made; with batches, whole batches are drawn again, and n is the number of batches."),
    confidence: z.number().describe("Two-sided, of each interval by itself."),
    band: z
      .number()
      .nonnegative()
      .describe("Half the height of the band around the risk over all δ, which holds at all δ at once (Dvoretzky, Kiefer, Wolfowitz)."),
    baselines: z.array(baseline).min(1),
    nearestPublic,
    cells: z.array(cell).min(1).describe("The attacks on the first defense, then those on the next."),
    comparisons: z
      .array(comparison)
      .describe("Of attacks that were tuned behind the defense by the same criterion at the same budget; others are not compared."),
    gate,
    data: z
      .array(
        z.strictObject({
          images: z.array(z.int().nonnegative()).describe("Places in the data set."),
          labels: z.array(z.int().nonnegative()),
          guesses: z.record(z.string(), z.array(z.number())).describe("Distances of each baseline."),
          nearestPublic: z.array(z.number()).nullable().describe("Distances of the nearest public examples."),
          distances: z.array(z.array(z.number().nullable())).describe("A list a cell, an image of the batch each; null: not a number."),
        }),
      )
      .min(1)
      .describe("Draw by draw. The risk at any δ is the share of distances above it."),
    notes: z.array(z.string()).describe("What a reader must know besides, in sentences."),
  })
  .describe("Risk of reconstruction by Monte Carlo, for each defense and each attack on it, beside guesses that saw no update.");

/** What an audit gave, as `result.json` holds it. */
export type AuditResult = z.output<typeof auditResultSchema>;
/** One attack on one defense in an {@link AuditResult}. */
export type AuditCell = AuditResult["cells"][number];

/**
 * Checks what was read from an audit's `result.json`.
 *
 * @param source its name in errors.
 * @throws LeakageError `file` that names the entry, what was expected and what came.
 */
export function validateAuditResult(value: unknown, source: string): AuditResult {
  const checked = auditResultSchema.safeParse(value, { reportInput: true });
  if (checked.success) return checked.data;
  throw invalid(checked.error, source);
}
