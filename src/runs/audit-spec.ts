import { z } from "zod";
import { attacks } from "../attacks/index.ts";
import { defenses } from "../defenses/index.ts";
import { partitions } from "../federated/index.ts";
import { canonicalJson, concise } from "../parts/index.ts";
import { criterion } from "../scenario/index.ts";
import { adaptive, type Completed, dataSpec, dpDelta, partOf, shared, type TuningRecord } from "./spec.ts";

/** The largest sizes of an audit. */
export const most = { samples: 10_000_000, lanes: 4096 } as const;

/** The draws that candidates are tried on. At least two are needed for an interval. */
export const tuningDraws = z.int().min(2).max(most.samples);

/** The fields that an audit and a tuning share. */
export const drawing = {
  ...shared,
  data: dataSpec,
  defenses: z
    .array(partOf(defenses))
    .min(1)
    .default(() => [defenses.parse("none")]),
  attacks: z.array(partOf(attacks)).min(1),
  /**
   * The number of draws that are finished and written together. By default it follows from the size
   * of the network.
   */
  chunk: z.int().positive().max(most.samples).optional(),
  /**
   * The number of draws that one program attacks together. By default it follows from the size of
   * the network.
   */
  lanes: z.int().positive().max(most.lanes).optional(),
  /** The two-sided confidence of the intervals; for a gate, of all attacks together. */
  confidence: z.number().gt(0).lt(1).default(0.95),
};

/**
 * The schema of a spec of `gradleak audit`. The hash of the completed spec's canonical JSON names
 * the result.
 */
export const auditSpec = z.strictObject({
  command: z.literal("audit"),
  ...drawing,
  attacks: drawing.attacks.default(() => [attacks.parse("auto")]),
  /**
   * How the attacks are tuned before anything is scored: each behind each defense, with equal
   * budgets, on draws of the other split.
   */
  tuning: z
    .strictObject({
      vary: z.array(z.strictObject({ path: z.string(), values: z.array(z.json()).min(1) })).min(1),
      /** The largest number of candidates per attack. */
      budget: z.int().min(2),
      samples: tuningDraws,
      by: criterion,
    })
    .optional(),
  adaptive,
  /**
   * The clients of a federated training, of which each holds examples of its own. Without them, all
   * examples are those of one client.
   */
  clients: z
    .strictObject({
      count: z.int().positive().max(1_000_000),
      partition: z
        .unknown()
        .default("even")
        .transform((given) => partitions.parse(given)),
      /** The examples that are divided among them: the first ones of the split. */
      examples: z.int().positive(),
      /** The number of clients behind one update: their batches, of equal size, are joined. */
      together: z.int().positive().default(1),
    })
    .optional(),
  /** N, the number of updates that are drawn. Each has `client.batch` inputs. */
  samples: z.int().positive().max(most.samples),
  /** The gate, in the form that `parseGate` reads. */
  failIf: z.string().optional(),
  /** The δ of (ε, δ)-differential privacy. By default 1e-5. */
  dpDelta,
  /** Whether the gate counts failed attacks as misses. */
  acceptFailed: z.boolean().default(false),
  /** Whether each attack also runs without its defense, on at most 64 draws. */
  control: z.boolean().default(true),
});
export type AuditSpec = Completed<z.output<typeof auditSpec>, "lanes" | "chunk">;

/** The name of a defense: short, but with its strength, which is what a reader compares. */
export const defenseName = (defense: AuditSpec["defenses"][number]): string => concise(defenses, defense, true);

/** The shortest name of an attack. */
export const attackName = (attack: AuditSpec["attacks"][number]): string => concise(attacks, attack);

/** One defense with one attack on it, as specs. */
export interface CellSpec {
  readonly defense: AuditSpec["defenses"][number];
  /** The attack that the user asked for. */
  readonly asked: AuditSpec["attacks"][number];
  /** The attack that runs. */
  readonly attack: AuditSpec["attacks"][number];
  /** How the attack was tuned behind this defense, if it was. */
  readonly tuned?: TuningRecord;
  /** Whether the attack stands beside another one because it knows the defense. */
  readonly adaptive?: boolean;
}

/** All pairs of a spec: the attacks on the first defense, then those on the next. */
export const cellSpecs = ({ defenses, attacks, tuned = [] }: Pick<AuditSpec, "defenses" | "attacks" | "tuned">): readonly CellSpec[] =>
  defenses.flatMap((defense) =>
    attacks.map((attack) => {
      const record = tuned.find((each) => same(each.attack, attack) && same(each.defense, defense));
      return { defense, asked: attack, attack, ...(record ? { tuned: record } : {}) };
    }),
  );

/** Whether two parts are the same, as specs. */
export const same = (one: unknown, other: unknown): boolean => canonicalJson(one) === canonicalJson(other);
