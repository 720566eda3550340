import { z } from "zod";
import { labelRules } from "../adversary/index.ts";
import { attacks } from "../attacks/index.ts";
import { losses } from "../client/index.ts";
import { datasets, splits } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { models } from "../models/index.ts";
import { nearest } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { criterion, type LabelPolicy, labelPolicies, type Score } from "../scenario/index.ts";

/** The version of specs that this program reads and writes. */
export const specVersion = 1;

/** The schema of a part, which its catalogue completes and checks. */
export const partOf = <Spec>(catalogue: { parse(given: unknown): Spec }) => z.unknown().transform((given) => catalogue.parse(given));

/** An attack. Whoever does not want to choose gets the battery. */
export const attackOrAuto = z
  .unknown()
  .default("auto")
  .transform((given) => attacks.parse(given));

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hexadecimal digits");

/** The source of private inputs. */
export const dataSpec = z.strictObject({
  set: partOf(datasets),
  split: z.enum(splits).default("test"),
  /**
   * For a folder: the hash of the images that are used, and the hash of the first public images of
   * its other split, if it has one.
   */
  sha256: sha256.optional(),
  publicSha256: sha256.optional(),
});

/** The source of weights: drawn from the seed, or a file that its hash identifies. */
const weights = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("initial") }),
  z.strictObject({ kind: z.literal("file"), sha256 }),
]);

/** The sender: network, weights and batch. */
const clientSpec = z.strictObject({
  model: partOf(models),
  weights: weights.default({ kind: "initial" }),
  /**
   * The public images over which running statistics are estimated if the weights have none: the
   * first `examples` of the split that is not scored, `batch` per pass.
   */
  statistics: z.strictObject({ examples: z.int().positive(), batch: z.int().min(2).default(32) }).optional(),
  mode: z.enum(["train", "eval"]).default("eval"),
  batch: z.int().positive().max(4096).default(1),
  loss: z
    .unknown()
    .default("cross-entropy")
    .transform((given) => losses.parse(given)),
});

/** The distance within which an input counts as recovered. */
const scoreSpec = z.strictObject({
  /** By default 0.1·√d for images. Vectors must state it. */
  delta: z.number().positive().optional(),
  deltaSpace: z.enum(["pixel", "model"]).default("pixel"),
});

/** How an attack was tuned, in the form of specs and results. */
const tuningRecord = z.strictObject({
  /** The hash of the tuning's spec. */
  specHash: sha256,
  /**
   * The hash of what comparable attacks share: the data, client, defense, labels, score and draws
   * of that spec.
   */
  settingHash: sha256,
  by: criterion,
  /** The budget: the number of candidates, each tried on the same number of draws. */
  candidates: z.int().positive(),
  draws: z.int().positive(),
  /** The work of the tuning: evaluations of the objective times the images behind each. */
  work: z.number().nonnegative(),
  /** The defense that the attack was tuned behind. */
  defense: partOf(defenses),
  /** The best candidate. */
  attack: partOf(attacks),
});
export type TuningRecord = z.output<typeof tuningRecord>;

export const updateSha256 = sha256;

/** The δ of (ε, δ)-differential privacy. */
export const dpDelta = z
  .number()
  .gt(0)
  .lt(
    1,
    "expected a dpDelta below 1: it is the δ of (ε, δ)-differential privacy, a probability that should be smaller than 1/n for n examples",
  )
  .optional();

/** Whether the adaptive attack on each defense runs beside each attack. By default it does. */
export const adaptive = z.boolean().default(true);

/** The fields of every spec. */
export const shared = {
  version: z.literal(specVersion).default(specVersion),
  client: clientSpec,
  /** The attacks that `gradleak tune` wrote. */
  tuned: z.array(tuningRecord).optional(),
  /** The prior p(x) that the attacker assumes, for attacks that leave it open. */
  prior: partOf(priors).optional(),
  /** How labels reach the attack. By default the attack decides. */
  labels: z.enum(labelPolicies).optional(),
  /** The rule that reads labels off updates. By default the attack or the size of the batch decides. */
  labelRule: z.enum(labelRules).optional(),
  score: scoreSpec.default({ deltaSpace: "pixel" }),
  seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0),
};

/** A spec with everything that its data, its network and its attacks decide. */
export type Completed<Asked extends { readonly score: unknown; readonly labels?: unknown }, Sizes extends keyof Asked = never> = Omit<
  Asked,
  "score" | "labels" | Sizes
> & {
  readonly score: Score;
  readonly labels: LabelPolicy;
} & { readonly [Size in Sizes]-?: NonNullable<Asked[Size]> };

/** The fields of the object at a path of a schema, for hints. */
function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: z.core.$ZodType = schema;
  for (const step of path) {
    while (at instanceof z.ZodOptional || at instanceof z.ZodDefault) at = at.unwrap();
    if (at instanceof z.ZodArray) at = at.element;
    else if (at instanceof z.ZodObject) at = (at.shape as Readonly<Record<PropertyKey, z.ZodType>>)[step] ?? z.unknown();
  }
  while (at instanceof z.ZodOptional || at instanceof z.ZodDefault) at = at.unwrap();
  if (at instanceof z.ZodUnion) return [...new Set(at.options.flatMap((option) => fieldsAt(option, [])))];
  return at instanceof z.ZodObject ? Object.keys(at.shape as object) : [];
}

/**
 * Checks and completes a spec.
 *
 * @param source the name of the spec in errors: the file that it was read from, or "The spec".
 * @throws LeakageError `spec` that names the field and what was expected. For an unknown field it
 * names the nearest one.
 */
export function parseSpec<Schema extends z.ZodType>(schema: Schema, given: unknown, source = "The spec"): z.output<Schema> {
  requireVersion(given, source);
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  // A mistyped field is often a missing one as well; the mistyped one is more useful to name.
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const where = issue!.path.join(".");
  if (issue!.code === "unrecognized_keys") {
    const [key = ""] = issue!.keys;
    const allowed = fieldsAt(schema, issue!.path);
    const meant = nearest(key, allowed);
    throw new LeakageError(
      "spec",
      `${source} has an unknown field ${JSON.stringify(where === "" ? key : `${where}.${key}`)}${meant ? `; did you mean ${meant}?` : "."} There are ${allowed.join(", ")}.`,
    );
  }
  throw new LeakageError("spec", `${source}, field ${where || "(all)"}: ${issue!.message}.`);
}

/** @throws LeakageError `spec` for a version that this program does not read. */
export function requireVersion(given: unknown, source: string): void {
  const version = (given as { readonly version?: unknown } | null)?.version;
  if (version !== undefined && version !== specVersion)
    throw new LeakageError("spec", `${source} has version ${JSON.stringify(version)}; this program reads version ${specVersion}.`);
}
