import { z } from "zod";
import { attacks } from "../attacks/index.ts";
import { datasets, splits } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { models } from "../models/index.ts";
import { priors } from "../priors/index.ts";

/** A part of a catalogue, completed and checked by it. */
export const partOf = <Spec>(catalogue: { parse(given: unknown): Spec }) => z.unknown().transform((given) => catalogue.parse(given));

/** Where weights come from: drawn anew from the seed, or a file that its hash identifies. */
const weights = z.union([z.object({ kind: z.literal("initial") }), z.object({ kind: z.literal("file"), sha256: z.string().length(64) })]);

/** Who sends: network, weights, batch. */
export const clientSpec = z.object({
  model: partOf(models),
  weights,
  /** Over which public images running statistics are estimated, where the weights have none: the first `examples` of the split that is not scored, `batch` a pass. */
  statistics: z.object({ examples: z.int().positive(), batch: z.int().min(2).default(32) }).optional(),
  mode: z.enum(["train", "eval"]).default("eval"),
  batch: z.int().positive().default(1),
  loss: z.literal("cross-entropy").default("cross-entropy"),
});
/** Within which distance an image counts as recovered. */
export const scoreSpec = z.object({ delta: z.number().positive(), deltaSpace: z.enum(["pixel", "model"]).default("pixel") });
/** By what the best candidate is chosen. */
export const criterion = z.enum(["distance", "objective"]);
export type Criterion = z.output<typeof criterion>;
/** How an attack was tuned, as a result quotes it. */
export const tuningRecord = z.object({
  /** Of the spec of the tuning. */
  specHash: z.string().length(64),
  /** Of what attacks that are compared have in common: the data, client, defense, labels, score and draws of that spec. */
  settingHash: z.string().length(64),
  by: criterion,
  /** The budget: candidates, each on as many draws. */
  candidates: z.int().positive(),
  draws: z.int().positive(),
  /** What it was tuned behind. */
  defense: partOf(defenses),
  /** The best candidate. */
  attack: partOf(attacks),
});
export type TuningRecord = z.output<typeof tuningRecord>;
/** The attacks that `gradleak tune` wrote. */
export const tunedBy = z.array(tuningRecord).optional();
const shared = {
  client: clientSpec,
  attack: partOf(attacks),
  tuned: tunedBy,
  /** What the attacker takes for p(x), for attacks that leave it open. */
  prior: partOf(priors).optional(),
  labels: z.enum(["known", "recovered", "joint"]),
  score: scoreSpec,
  seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0),
};

/** What `gradleak attack` does, complete: the hash of its canonical JSON names the result. */
export const attackSpec = z.object({
  data: z.object({
    kind: z.string(),
    split: z.enum(splits),
    images: z.array(z.int().nonnegative()).min(1),
    /** The set with its parameters, if it has any. */
    set: partOf(datasets).optional(),
    /** Of a folder: the hash of its pictures, and that of the first 500 of its other split, if it has one. */
    sha256: z.string().length(64).optional(),
    publicSha256: z.string().length(64).optional(),
  }),
  defense: partOf(defenses),
  /** Updates that are attacked together by one program. */
  lanes: z.int().positive().max(4096).default(1),
  ...shared,
});
export type AttackSpec = z.output<typeof attackSpec>;

/** What `gradleak invert` does: the same attack on an update that came from elsewhere. */
export const invertSpec = z.object({
  update: z.object({ sha256: z.string().length(64) }),
  input: z.object({
    shape: z.tuple([z.int().positive(), z.int().positive(), z.int().positive()]),
    classes: z.int().positive(),
    mean: z.array(z.number()),
    std: z.array(z.number().positive()),
  }),
  /** Labels of the batch, where they are known. */
  knownLabels: z.array(z.int().nonnegative()).optional(),
  ...shared,
});
export type InvertSpec = z.output<typeof invertSpec>;

/** Checks and completes a spec. Throws LeakageError that names the field. */
export function parseSpec<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new LeakageError("spec", `The spec's ${issue!.path.join(".") || "form"}: ${issue!.message}.`);
}
