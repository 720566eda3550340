import { z } from "zod";
import { attacks } from "../attacks/index.ts";
import { datasets, splits } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { canonicalJson, concise } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { type Gate, parseGate, requireUsefulGate } from "./gate.ts";
import { clientSpec, criterion, partOf, scoreSpec, type TuningRecord, tunedBy } from "./spec.ts";

/** The largest sizes of an audit. */
export const most = { samples: 10_000_000, lanes: 4096 } as const;

/** Draws that candidates are tried on: enough for an interval. */
export const tuningDraws = z.int().min(2).max(most.samples);

/** What `gradleak audit` does, complete: the hash of its canonical JSON names the result. */
export const auditSpec = z.object({
  data: z.object({
    kind: z.string(),
    split: z.enum(splits),
    /** The set with its parameters, if it has any. */
    set: partOf(datasets).optional(),
    /** Of a folder: the hash of the pictures that are drawn from it. */
    sha256: z.string().length(64).optional(),
    /** Of its other split, if it has one: the hash of its first 500 pictures. */
    publicSha256: z.string().length(64).optional(),
  }),
  client: clientSpec,
  defenses: z.array(partOf(defenses)).min(1),
  attacks: z.array(partOf(attacks)).min(1),
  tuned: tunedBy,
  /** How the attacks are tuned before anything is scored: each behind each defense, by equal budgets, on draws of the other split. */
  tuning: z
    .object({
      vary: z.array(z.object({ path: z.string(), values: z.array(z.json()).min(1) })).min(1),
      /** Candidates an attack, at most. */
      budget: z.int().min(2),
      samples: tuningDraws,
      by: criterion,
    })
    .optional(),
  /** What the attacker takes for p(x), for attacks that leave it open. */
  prior: partOf(priors).optional(),
  labels: z.enum(["known", "recovered", "joint"]).default("known"),
  score: scoreSpec,
  /** N, the updates that are drawn; each has `client.batch` images. */
  samples: z.int().positive().max(most.samples),
  /** Draws that are finished, and written, together. */
  chunk: z.int().positive().max(most.samples).default(16),
  /** Draws that one program attacks together; at most a chunk. */
  lanes: z.int().positive().max(most.lanes).default(16),
  /** Two-sided, of the intervals; of a gate, for all attacks together. */
  confidence: z.number().gt(0).lt(1).default(0.95),
  /** The gate, as `parseGate` reads it. */
  failIf: z.string().optional(),
  seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0),
});
export type AuditSpec = z.output<typeof auditSpec>;

/** One defense with one attack on it. */
export interface Cell {
  readonly defense: AuditSpec["defenses"][number];
  /** As it is carried out. */
  readonly attack: AuditSpec["attacks"][number];
  /** How it was tuned behind this defense, where it was. */
  readonly tuned?: TuningRecord;
}

/** A defense in few words, but with its strength, which is what a reader compares. */
export const defenseName = (defense: Cell["defense"]): string => concise(defenses, defense, true);

/** An attack in the fewest words. */
export const attackName = (attack: Cell["attack"]): string => concise(attacks, attack);

/** All pairs of a spec: the attacks on the first defense, then those on the second. */
export const cellsOf = ({ defenses, attacks, tuned = [] }: AuditSpec): readonly Cell[] =>
  defenses.flatMap((defense) =>
    attacks.map((attack) => {
      const record = tuned.find((each) => same(each.attack, attack) && same(each.defense, defense));
      return { defense, attack, ...(record ? { tuned: record } : {}) };
    }),
  );

const same = (one: unknown, other: unknown): boolean => canonicalJson(one) === canonicalJson(other);

/** Draws from the first to before the last. */
export interface DrawRange {
  readonly from: number;
  readonly to: number;
}

/** The draws of a spec in the parts that are finished together. */
export const drawsOf = ({ samples, chunk }: AuditSpec): readonly DrawRange[] =>
  Array.from({ length: Math.ceil(samples / chunk) }, (_, i) => ({ from: i * chunk, to: Math.min(samples, (i + 1) * chunk) }));

/**
 * Refuses a spec that cannot be audited, and reads its gate, if it has one.
 *
 * @throws LeakageError `spec` for a part that is given twice, clusters too few to resample, a gate that is not one or would say the same whatever is measured.
 */
export function gateOf(spec: AuditSpec): Gate | undefined {
  requireOnce("--defense", spec.defenses.map(defenseName));
  requireOnce("--attack", spec.attacks.map(attackName));
  const { samples, confidence, attacks, client } = spec;
  if (client.batch > 1 && samples < 2)
    throw new LeakageError("spec", `Intervals over batches of --batch ${client.batch} need at least 2 of them; got --samples ${samples}.`);
  if (spec.failIf === undefined) return undefined;
  const gate = parseGate(spec.failIf);
  requireUsefulGate(gate, samples, confidence, attacks.length);
  return gate;
}

function requireOnce(flag: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new LeakageError("spec", `${flag} ${twice} is given twice; give each once.`);
}
