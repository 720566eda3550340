import { z } from "zod";
import { aims, type Stop, stops } from "../adversary/index.ts";
import { criterion } from "../scenario/index.ts";
import { certifiedSchema } from "./certified.ts";
import { factsSchema } from "./facts.ts";
import { takenSchema } from "./found-by.ts";
import { sampledSchema } from "./mixing.ts";
import { assumptionsSchema, fileName, hash, invalid, shrunkRadius, specFields, trueLawSchema } from "./result-fields.ts";

const share = z
  .strictObject({ estimate: z.number(), lower: z.number(), upper: z.number() })
  .describe("A share of the images from 0 to 1, with the ends of its interval.");
const shares = {
  recovered: share.describe("The share of images whose reconstruction is at most δ away."),
  risk: share.describe("The share of the other images: 1 − recovered, with the ends exchanged."),
  quantiles: z
    .array(z.strictObject({ probability: z.number(), distance: z.number().nullable() }))
    .describe("The quantiles of the distances. null stands for reconstructions that are not a number, which count as infinitely far."),
};
const name = z.string().min(1);

const baseline = z.strictObject({ name, ...shares }).describe("A guess of somebody who saw no update, scored on the same draws.");

const nearestPublic = z
  .strictObject({
    count: z.int().positive().describe("The number of public examples that were searched: the first ones of the other split."),
    ...shares,
  })
  .nullable()
  .describe(
    "The public example nearest to each original. It is not a guess, because its choice needs the original: it bounds what returning a public example can reach. null if no examples are public.",
  );

/** A reconstruction with its original; null if the reconstruction is not a number. */
const example = z
  .strictObject({
    draw: z.int().nonnegative(),
    place: z.int().nonnegative().describe("The position in its batch."),
    index: z.int().nonnegative().describe("The position in the data set."),
    label: z.int().nonnegative(),
    className: z.string().nullable(),
    distance: z.number().nonnegative(),
    files: z.strictObject({ original: fileName, reconstruction: fileName }).optional(),
  })
  .nullable();

const cell = z.strictObject({
  defense: name,
  attack: name,
  adaptive: z.literal(true).optional().describe("Present if the attack stands beside another one because it knows the defense."),
  tuned: z
    .strictObject({
      specHash: hash.describe("The hash of the tuning's spec."),
      by: criterion.describe("What was minimized: the mean distance from the images of the tuning, or the attacker's objective."),
      candidates: z.int().positive(),
      draws: z.int().positive().describe("The number of draws that each candidate was tried on. None of them is scored here."),
      work: z.number().nonnegative().describe("The work of the tuning: evaluations of the objective times the images behind each."),
      attack: name.describe("The best candidate, which is the attack that ran."),
      values: z
        .record(z.string(), z.json())
        .nullable()
        .describe("The varied parameters of the best candidate by their paths; null if another command tuned the attack."),
    })
    .nullable()
    .describe("How the attack was tuned behind this defense; null if it was not."),
  law: z.string().describe("The law p(update | images) that the attacker assumes."),
  trueLaw: trueLawSchema,
  prior: z.string().describe("The prior p(images) that the attacker assumes."),
  radius: z.number().nonnegative().describe("The radius of the ball that the attack averages over; 0 for a point."),
  shrunkRadius,
  points: z.int().positive().describe("The number of points that the attack draws in that ball at each step."),
  ...shares,
  failed: z
    .int()
    .nonnegative()
    .describe("The number of draws whose attack failed without bringing back all of its images. They count as not recovered."),
  failures: z
    .partialRecord(z.enum(Object.keys(stops) as [Stop, ...Stop[]]), z.int().positive())
    .describe("How many of these attacks failed in which way."),
  searchFailed: share
    .nullable()
    .describe(
      "The share of draws that were not recovered and whose truth is better than the answer by the attacker's own objective: the search failed, and the risk is underestimated. null if the attack has no objective.",
    ),
  undetermined: share
    .nullable()
    .describe(
      "The share of draws that were not recovered and whose answer is as good as the truth by the attacker's own objective: the update does not determine the image under this assumption. null if the attack has no objective.",
    ),
  explained: z
    .number()
    .nullable()
    .describe(
      "The median share of the update's squared norm that answers explain: 1 − ‖g − D(x)‖² / ‖g‖², where D is what the defense makes of a batch before noise.",
    ),
  explainable: z.number().nullable().describe("The same for the truth. Noise leaves the rest."),
  control: z
    .strictObject({
      succeeded: z
        .boolean()
        .describe("Whether the attack recovers at least 10 % of images from bare updates, and more than the best guess."),
      recovered: share.nullable().describe("null if the attack cannot run on an update without the defense."),
      draws: z.int().nonnegative(),
      own: z.boolean().describe("Whether the cell has no defense, so that it is its own control."),
      reason: z.string().nullable().describe("Why the attack cannot run on an update without the defense."),
    })
    .nullable()
    .describe("The positive control: the attack on the updates of the same draws without the defense. null if there is none."),
  labelAccuracy: share
    .nullable()
    .describe("The share of labels that the attack read or found right, as batches without order; null if labels were given."),
  faintLabels: z
    .int()
    .nonnegative()
    .describe(
      "The number of draws whose labels were read from gradients that are small relative to the update, to other inputs, or to the noise.",
    ),
  nearest: example.describe("The image with the nearest reconstruction, the worst case for its owner."),
  first: example.describe("The first image of the first draw, which nobody chose."),
  aim: z
    .enum(aims)
    .optional()
    .describe(
      "What the attack is after, where the defense changes images: the transformed image, which the network saw, or the original. Shares and distances are of that. Absent where both are the same.",
    ),
  beside: z
    .strictObject(shares)
    .optional()
    .describe("The shares and distances of the other one of both: of the originals where the attack is after the transformed images."),
  work: z
    .number()
    .nonnegative()
    .describe("The work on all draws: evaluations of the objective, of all restarts and points, times the images behind each."),
  sampled: sampledSchema.optional(),
  facts: factsSchema.optional(),
  taken: takenSchema.optional(),
  seconds: z.number().nonnegative().describe("The wall time of the attack on all draws, in seconds."),
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
    work: z
      .strictObject({
        first: z.number().nonnegative(),
        second: z.number().nonnegative(),
        equal: z.boolean().describe("Whether they are within a tenth of each other. If not, a difference may be one of work."),
      })
      .describe("The work of either attack, its tuning included: evaluations of the objective times the images behind each."),
    seconds: z
      .strictObject({ first: z.number().nonnegative(), second: z.number().nonnegative() })
      .describe("The wall time of either attack on the scored draws."),
    pValue: z
      .number()
      .nullable()
      .describe("The two-sided p-value of McNemar's exact test that both recover equally often; null for batches."),
    recovered: z
      .strictObject({ estimate: z.number(), lower: z.number(), upper: z.number(), interval: z.enum(["tango", "cluster-bootstrap"]) })
      .describe("The share that the first attack recovers minus the share that the second recovers."),
    distance: z
      .strictObject({ estimate: z.number(), lower: z.number(), upper: z.number(), images: z.int().positive() })
      .nullable()
      .describe("The mean distance of the first minus that of the second, with a bootstrap interval, over images with numbers from both."),
  })
  .describe("A comparison of two attacks on the same draws.");

const gate = z
  .strictObject({
    text: name,
    confidence: z
      .number()
      .describe(
        "The confidence of each interval that the gate reads, such that the intervals of all attacks on a defense hold together (Bonferroni).",
      ),
    verdicts: z
      .array(z.strictObject({ defense: name, attack: name.describe("The strongest attack."), value: z.number(), fails: z.boolean() }))
      .min(1),
    fails: z.boolean().describe("Whether the gate fails for any defense."),
    refused: z
      .array(z.string())
      .describe("Why the gate cannot pass although it does not fail: no statement can be made. Empty if it passes or fails."),
  })
  .nullable()
  .describe("The condition under which the audit fails; null if there is none.");

/** The form of `result.json` of `gradleak audit`, from which its JSON Schema is made. */
export const auditResultSchema = z
  .strictObject({
    format: z.literal("gradleak-audit-3"),
    command: z.literal("audit"),
    ...specFields,
    seconds: z
      .strictObject({
        preparing: z.number().nonnegative().describe("The time to read data and weights, check the spec and estimate statistics."),
        tuning: z.number().nonnegative(),
        simulating: z.number().nonnegative().describe("The time of clients and their defenses."),
        attacking: z.number().nonnegative(),
        controls: z.number().nonnegative().describe("The time of the attacks without a defense."),
        scoring: z.number().nonnegative().describe("The time of distances, baselines, nearest public images and diagnoses."),
      })
      .describe("The wall time of each phase in seconds, added up over draws."),
    lanes: z.int().positive().describe("The number of draws that one program attacked together."),
    threads: z.array(z.int().positive()).describe("The numbers of threads that the runtime used, each of them for some draws."),
    assumptions: assumptionsSchema
      .omit({ law: true, trueLaw: true, prior: true, radius: true, shrunkRadius: true, samples: true, defense: true })
      .describe("What every attacker received."),
    items: z.enum(["image", "vector"]).describe("Whether the private inputs are images or vectors. The other fields say image for both."),
    draws: z.int().positive().describe("N, the number of independent draws of a batch, its noise and the attack's starting point."),
    images: z.int().positive().describe("The number of images: N times the images of a batch."),
    interval: z
      .enum(["clopper-pearson", "cluster-bootstrap"])
      .describe("How the intervals of shares were computed. For batches, whole batches are resampled, and n is the number of batches."),
    confidence: z.number().describe("The two-sided confidence of each interval by itself."),
    band: z
      .number()
      .nonnegative()
      .describe(
        "Half the height of the band around the risk as a function of δ. The band holds at all δ at once (Dvoretzky, Kiefer, Wolfowitz).",
      ),
    baselines: z.array(baseline).min(1),
    nearestPublic,
    cells: z.array(cell).min(1).describe("The pairs of a defense and an attack: all attacks on the first defense, then those on the next."),
    statements: z
      .array(z.strictObject({ defense: name, reasons: z.array(z.string()) }))
      .min(1)
      .describe(
        "Whether this audit can say of a defense that something does not come back. It cannot if there are reasons: attacks that failed, or that get nothing from an update without a defense either.",
      ),
    certified: certifiedSchema.optional().describe("What each defense certifies against every attacker. Absent if no defense adds noise."),
    comparisons: z
      .array(comparison)
      .describe(
        "Comparisons of attacks that were tuned behind the same defense, by the same criterion, with as many candidates on the same draws. Others are not compared. Each says whether the attacks did equal work.",
      ),
    gate,
    data: z
      .array(
        z.strictObject({
          images: z.array(z.int().nonnegative()).describe("The positions of the images in the data set."),
          labels: z.array(z.int().nonnegative()),
          clients: z
            .array(z.int().nonnegative())
            .min(1)
            .optional()
            .describe(
              "The clients of a federated training, counted from 0, whose batches are joined. Absent if all images are one client's.",
            ),
          guesses: z.record(z.string(), z.array(z.number())).describe("The distances of each baseline."),
          nearestPublic: z.array(z.number()).nullable().describe("The distances of the nearest public examples."),
          distances: z
            .array(z.array(z.number().nullable()))
            .describe("One list per cell with one distance per image of the batch; null if a distance is not a number."),
        }),
      )
      .min(1)
      .describe("The data of each draw. The risk at any δ is the share of distances above δ."),
    notes: z.array(z.string()).describe("What else a reader must know, in sentences."),
  })
  .describe(
    "A Monte Carlo estimate of the risk of reconstruction for each defense and each attack on it, next to guesses without the update.",
  );

/** The result of an audit, as in `result.json`. */
export type AuditResult = z.output<typeof auditResultSchema>;
/** One attack on one defense in an {@link AuditResult}. */
export type AuditCell = AuditResult["cells"][number];

/**
 * Checks the contents of an audit's `result.json`.
 *
 * @param source the name of the file, for errors.
 * @throws LeakageError `file` that names the entry, what was expected and what came.
 */
export function validateAuditResult(value: unknown, source: string): AuditResult {
  const checked = auditResultSchema.safeParse(value, { reportInput: true });
  if (checked.success) return checked.data;
  throw invalid(checked.error, source);
}
