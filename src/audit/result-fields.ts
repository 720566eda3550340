import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { canonicalJson, specHash } from "../parts/index.ts";
import { labelPolicies } from "../scenario/index.ts";

/** The name of a file in the same folder or in one below it. */
export const fileName = z
  .string()
  .regex(/^(?!.*(^|\/)\.\.?(\/|$))[^/\\\0]+(\/[^/\\\0]+)*$/, "expected a relative file name without ..")
  .describe("The name of a file next to result.json.");

/** The law p(update | images) of a defense. */
export const trueLawSchema = z
  .strictObject({
    kind: z
      .enum(["known", "deterministic", "unknown"])
      .describe(
        "known: the density can be written down. deterministic: the update is a function of the images. unknown: nobody can write it down.",
      ),
    text: z.string().describe("The name of the law, or the reason why it is not known."),
  })
  .nullable()
  .describe("The defense's own law p(update | images); null if nobody said what the defense is.");

/** The radius at the end of a ball that shrinks. */
export const shrunkRadius = z
  .number()
  .positive()
  .optional()
  .describe("The radius at the last step, if the ball shrinks during the search.");

/** What the attacker received and what it assumed. */
export const assumptionsSchema = z
  .strictObject({
    law: z.string().describe("The law p(update | images) that the attacker assumes."),
    trueLaw: trueLawSchema,
    prior: z.string().describe("The prior p(images) that the attacker assumes."),
    radius: z.number().nonnegative().describe("The radius of the ball that the attack averages over; 0 for a point."),
    shrunkRadius,
    samples: z.int().positive().describe("The number of points that the attack draws in that ball at each step; 1 for a point."),
    labels: z
      .enum(labelPolicies)
      .describe("How labels reached the attack: given, read off the update, or searched together with the images."),
    mode: z.enum(["train", "eval"]).describe("How the client ran its batch normalization."),
    batchNorm: z
      .enum(["none", "running", "batch", "private"])
      .describe(
        "The statistics in batch normalization: none without such layers, running ones, those of the attacker's guess, or those of the private batch.",
      ),
    batchSize: z.int().positive().describe("The number of images behind one update."),
    model: z.string().describe("The network, whose weights the attacker knows."),
    defense: z.string().nullable().describe("The defense that the client used; null if nobody said."),
    delta: z.number().nonnegative().describe("An image counts as recovered at a distance of at most this."),
    deltaSpace: z.enum(["pixel", "model"]).describe("The space in which that distance is measured."),
  })
  .describe("What the attacker received and what it assumed.");

/** A SHA-256 hash in hexadecimal digits. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** The request and its origin. */
export const specFields = {
  spec: z
    .record(z.string(), z.json())
    .nullable()
    .describe("The complete spec, which `gradleak run` takes. null if objects were made in code."),
  specHash: hash.nullable().describe("The SHA-256 of the canonical JSON (RFC 8785) of the spec."),
  seed: z.int().nonnegative(),
  versions: z.record(z.string(), z.string()).describe("The versions of the programs that made the result."),
};

/** The {@link specFields} of a spec. */
export const specFieldsOf = (
  spec: { readonly seed: number },
  versions: Readonly<Record<string, string>>,
): z.output<z.ZodObject<typeof specFields>> => ({
  // The order is canonical, so that the same spec gives the same bytes however it was written.
  spec: JSON.parse(canonicalJson(spec)) as Record<string, z.core.util.JSONType>,
  specHash: specHash(spec),
  seed: spec.seed,
  versions: { ...versions },
});

/** The error that says what is wrong with a result. */
export function invalid({ issues }: z.ZodError, source: string): LeakageError {
  const issue = issues[0]!;
  const place = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return new LeakageError("file", `${source}: result${place}: ${issue.message}.`);
}
