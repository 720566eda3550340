import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { canonicalJson, specHash } from "../parts/index.ts";
import { labelPolicies } from "../scenario/index.ts";

/** A file of the same folder, or of one below it. */
export const fileName = z
  .string()
  .regex(/^(?!.*(^|\/)\.\.?(\/|$))[^/\\\0]+(\/[^/\\\0]+)*$/, "expected a relative file name without ..")
  .describe("A file beside result.json.");

/** What a defense makes of p(update | images). */
export const trueLawSchema = z
  .strictObject({
    kind: z
      .enum(["known", "deterministic", "unknown"])
      .describe("Its density can be written down; the update is a function of the images; or nobody can write it down."),
    text: z.string().describe("Its name, or the reason why it is not known."),
  })
  .nullable()
  .describe("The defense's own p(update | images); null where nobody said what the defense is.");

/** What the attacker was given, and what it took for granted. */
export const assumptionsSchema = z
  .strictObject({
    law: z.string().describe("What the attacker takes for p(update | images)."),
    trueLaw: trueLawSchema,
    prior: z.string().describe("What the attacker takes for p(images)."),
    radius: z.number().nonnegative().describe("Radius δ of the ball that the attack averages over; 0 for a point."),
    samples: z.int().positive().describe("Points that the attack draws in that ball at each step; 1 for a point."),
    labels: z
      .enum(labelPolicies)
      .describe("How labels reached the attack: given, read off the update, or looked for together with the images."),
    mode: z.enum(["train", "eval"]).describe("How the client ran its batch normalization."),
    batchNorm: z
      .enum(["none", "running", "batch", "private"])
      .describe("Statistics: no such layers; the model's running ones; those of the attacker's own guess; those of the private batch."),
    batchSize: z.int().positive().describe("Images behind one update."),
    model: z.string().describe("The network, whose weights the attacker knows."),
    defense: z.string().nullable().describe("What the client did to its update; null where nobody said."),
    delta: z.number().nonnegative().describe("An image counts as recovered at a distance of at most this."),
    deltaSpace: z.enum(["pixel", "model"]).describe("Where that distance is measured."),
  })
  .describe("What the attacker was given, and what it took for granted.");

/** SHA-256 in hexadecimal digits. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** What was asked for, and of whom. */
export const specFields = {
  spec: z
    .record(z.string(), z.json())
    .nullable()
    .describe("What was asked for, complete: gradleak run takes it. Null where objects were made in code."),
  specHash: hash.nullable().describe("SHA-256 of the canonical JSON (RFC 8785) of spec."),
  seed: z.int().nonnegative(),
  versions: z.record(z.string(), z.string()).describe("Of the programs that made it."),
};

/** {@link specFields} of a spec. */
export const specFieldsOf = (
  spec: { readonly seed: number },
  versions: Readonly<Record<string, string>>,
): z.output<z.ZodObject<typeof specFields>> => ({
  // In canonical order, so that the same spec gives the same bytes however it was written.
  spec: JSON.parse(canonicalJson(spec)) as Record<string, z.core.util.JSONType>,
  specHash: specHash(spec),
  seed: spec.seed,
  versions: { ...versions },
});

/** The sentence about what is wrong with a result. */
export function invalid({ issues }: z.ZodError, source: string): LeakageError {
  const issue = issues[0]!;
  const place = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return new LeakageError("file", `${source}: result${place}: ${issue.message}.`);
}
