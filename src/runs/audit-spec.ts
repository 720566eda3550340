import { z } from "zod";
import { attacks } from "../attacks/index.ts";
import { defenses } from "../defenses/index.ts";
import { canonicalJson, concise } from "../parts/index.ts";
import { criterion } from "../scenario/index.ts";
import { type Completed, dataSpec, partOf, shared, type TuningRecord } from "./spec.ts";

/** The largest sizes of an audit. */
export const most = { samples: 10_000_000, lanes: 4096 } as const;

/** Draws that candidates are tried on: enough for an interval. */
export const tuningDraws = z.int().min(2).max(most.samples);

/** What an audit and a tuning have in common. */
export const drawing = {
  ...shared,
  data: dataSpec,
  defenses: z
    .array(partOf(defenses))
    .min(1)
    .default(() => [defenses.parse("none")]),
  attacks: z.array(partOf(attacks)).min(1),
  /**
   * Draws that are finished, and written, together; chosen by the size of the network unless
   * stated.
   */
  chunk: z.int().positive().max(most.samples).optional(),
  /** Draws that one program attacks together; chosen by the size of the network unless stated. */
  lanes: z.int().positive().max(most.lanes).optional(),
  /** Two-sided, of the intervals; of a gate, for all attacks together. */
  confidence: z.number().gt(0).lt(1).default(0.95),
};

/** What `gradleak audit` does, complete. The hash of its canonical JSON names the result. */
export const auditSpec = z.strictObject({
  command: z.literal("audit"),
  ...drawing,
  /**
   * How the attacks are tuned before anything is scored: each behind each defense, by equal
   * budgets, on draws of the other split.
   */
  tuning: z
    .strictObject({
      vary: z.array(z.strictObject({ path: z.string(), values: z.array(z.json()).min(1) })).min(1),
      /** Candidates an attack, at most. */
      budget: z.int().min(2),
      samples: tuningDraws,
      by: criterion,
    })
    .optional(),
  /** N, the updates that are drawn; each has `client.batch` inputs. */
  samples: z.int().positive().max(most.samples),
  /** The gate, as `parseGate` reads it. */
  failIf: z.string().optional(),
});
export type AuditSpec = Completed<z.output<typeof auditSpec>, "lanes" | "chunk">;

/** A defense in few words, but with its strength, which is what a reader compares. */
export const defenseName = (defense: AuditSpec["defenses"][number]): string => concise(defenses, defense, true);

/** An attack in the fewest words. */
export const attackName = (attack: AuditSpec["attacks"][number]): string => concise(attacks, attack);

/** One defense with one attack on it, as specs. */
export interface CellSpec {
  readonly defense: AuditSpec["defenses"][number];
  /** As it was asked for. */
  readonly asked: AuditSpec["attacks"][number];
  /** As it is carried out. */
  readonly attack: AuditSpec["attacks"][number];
  /** How it was tuned behind this defense, where it was. */
  readonly tuned?: TuningRecord;
}

/** All pairs of a spec: the attacks on the first defense, then those on the second. */
export const cellSpecs = ({ defenses, attacks, tuned = [] }: Pick<AuditSpec, "defenses" | "attacks" | "tuned">): readonly CellSpec[] =>
  defenses.flatMap((defense) =>
    attacks.map((attack) => {
      const record = tuned.find((each) => same(each.attack, attack) && same(each.defense, defense));
      return { defense, asked: attack, attack, ...(record ? { tuned: record } : {}) };
    }),
  );

const same = (one: unknown, other: unknown): boolean => canonicalJson(one) === canonicalJson(other);
