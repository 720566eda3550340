import { z } from "zod";
import { attacks } from "../attacks/index.ts";
import { type AuditChunk, hash, workOf } from "../audit/index.ts";
import { splits } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { bootstrapMean, type Interval } from "../metrics/index.ts";
import { canonicalJson, type PartSpec, specHash } from "../parts/index.ts";
import { foldIn, type KeyBits, keyFromSeed, randomBits, stream } from "../random/index.ts";
import { type Criterion, criterion } from "../scenario/index.ts";
import { drawing, tuningDraws } from "./audit-spec.ts";
import { type Completed, parseSpec, type TuningRecord } from "./spec.ts";

type Json = PartSpec[string];

/**
 * A parameter that is tuned, as a path into the attack (`rate`, `prior.weight`), and the values
 * that are tried.
 */
export interface Varied {
  readonly path: string;
  readonly values: readonly Json[];
}

/**
 * Parses `rate=0.05/0.1/0.2` or `prior.weight=1/10`.
 *
 * @throws LeakageError `spec` for anything else.
 */
export function readVaried(text: string): { path: string; values: (string | number | boolean | null)[] } {
  const [, path, rest] = /^\s*([A-Za-z][\w.]*)\s*=(.+)$/.exec(text) ?? [];
  if (path === undefined) throw new LeakageError("spec", `--vary takes parameter=value/value, such as rate=0.05/0.1; got "${text}".`);
  const values = rest!.split("/").map((each) => {
    const word = each.trim();
    if (word === "none") return null;
    if (word === "true" || word === "false") return word === "true";
    return word !== "" && Number.isFinite(Number(word)) ? Number(word) : word;
  });
  return { path, values };
}

/** The attack with another value at a path. */
function changed(part: Json, [step, ...rest]: readonly string[], value: Json, path: string): Json {
  const inner = inside(part, step!);
  if (inner === undefined)
    throw new LeakageError("spec", `--vary ${path}: the attack has no such parameter; a path names parameters as the attack's spec does.`);
  const next = rest.length === 0 ? ofItsType(value, inner) : changed(inner, rest, value, path);
  return Array.isArray(part) ? part.map((each: Json, i) => (String(i) === step ? next : each)) : { ...(part as PartSpec), [step!]: next };
}

/** The own property of a part, or the element of a chain of parts, with this name or position. */
const inside = (part: Json | undefined, step: string): Json | undefined =>
  typeof part === "object" && part !== null && Object.keys(part).includes(step)
    ? (part as Readonly<Record<string, Json>>)[step]
    : undefined;

/**
 * `none` means null. If the present value is a word or a part, `none` is that word, or the part of
 * that name.
 */
const ofItsType = (value: Json, now: Json): Json =>
  value === null && (typeof now === "string" || (typeof now === "object" && now !== null)) ? "none" : value;

/**
 * The value in an attack's spec at a path such as `prior.weight`; undefined if there is no such
 * parameter.
 */
export const valueAt = (attack: PartSpec, path: string): Json | undefined => path.split(".").reduce<Json | undefined>(inside, attack);

/** Parameters that decide how much a search computes. */
const budgets = new Set(["steps", "restarts", "seeds", "samples"]);

/** The largest number of combinations that candidates are drawn from. */
const mostCombinations = 10_000;

/** Refuses parameters that cannot be varied together. */
function requireVariable(varied: readonly Varied[]): void {
  const paths = varied.map(({ path }) => path);
  const twice = paths.find((path, i) => paths.indexOf(path) < i);
  if (twice !== undefined)
    throw new LeakageError("spec", `--vary ${twice} is given twice; give all its values at once, joined by slashes.`);
  const counted = paths.find((path) => budgets.has(path));
  if (counted !== undefined)
    throw new LeakageError("spec", `--vary ${counted}: candidates are compared at equal budgets, so all take the ${counted} of --attack.`);
  if (paths.includes("kind")) throw new LeakageError("spec", "--vary kind: another kind is another attack; give each with --attack.");
  const combinations = varied.reduce((all, { values }) => all * values.length, 1);
  if (combinations > mostCombinations)
    throw new LeakageError(
      "spec",
      `--vary ${paths.join(" ")} has ${combinations} combinations, and candidates are drawn from at most ${mostCombinations}; give fewer values.`,
    );
}

/**
 * The attacks that are tried: the base, then every combination of the values. If there are more
 * than `budget`, the base and others drawn from the seed fill the budget. All compute as much as
 * the base: as many steps, starts and points.
 *
 * @throws LeakageError `spec` for a path or a value that the attack does not have, a path that is
 * given twice, a parameter that decides how much is computed, or too many combinations.
 */
export function candidatesOf(base: PartSpec, varied: readonly Varied[], budget: number, seed: number): readonly PartSpec[] {
  requireVariable(varied);
  const combinations = varied.reduce<readonly Json[]>(
    (all, { path, values }) => all.flatMap((attack) => values.map((value) => changed(attack, path.split("."), value, path))),
    [base],
  );
  const unique = [
    ...new Map([base, ...combinations].map((each) => attacks.parse(each)).map((each) => [canonicalJson(each), each])).values(),
  ];
  const [first, ...others] = unique;
  if (unique.length <= budget) return unique;
  const words = randomBits(stream(keyFromSeed(seed), "candidates"), others.length);
  const drawn = others.map((attack, i) => ({ attack, word: words[i]! })).sort((a, b) => a.word - b.word);
  return [first!, ...drawn.slice(0, budget - 1).map(({ attack }) => attack)];
}

/**
 * Parameters of a search. They keep the attacker's objective at the end comparable; parameters of
 * what the attacker assumes do not.
 */
const searchParameters = new Set(["rate", "gamma", "anneal", "langevin", "optimizer", "decay", "signed", "start", "history", "patience"]);

/** Refuses to compare objectives of candidates with different assumptions. */
export function requireComparable(criterion: Criterion, varied: readonly Varied[]): void {
  const other = varied.find(({ path }) => !searchParameters.has(path));
  if (criterion === "objective" && other)
    throw new LeakageError("spec", `--by objective does not fit --vary ${other.path}: it changes the objective itself; use --by distance.`);
}

const candidate = z.strictObject({
  attack: z.record(z.string(), z.json()),
  score: z.number().nullable().describe("The mean over the draws; null if one of them is not a number."),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
});

/** The form of the file that `gradleak tune` writes. */
export const tunedSchema = z.strictObject({
  format: z.literal("gradleak-tuned-2"),
  /** Everything that determines the choice: the draws, the candidates and the criterion. */
  spec: z.record(z.string(), z.json()),
  specHash: hash,
  by: criterion.describe("What is minimized: the mean distance from the true images, or the attacker's own objective."),
  split: z.enum(splits).describe("The split of the data set that was tuned on. Scored images must come from the other split."),
  draws: z.int().positive(),
  work: z
    .number()
    .nonnegative()
    .describe("Evaluations of the objective times the images behind each, over all candidates, draws, restarts and points."),
  candidates: z.array(candidate).min(1).describe("The candidates in the order of the spec. Intervals are bootstraps over draws."),
  attack: z.record(z.string(), z.json()).describe("The best candidate."),
});
export type Tuned = z.output<typeof tunedSchema>;

/** The schema of a tuning's spec: candidates behind one defense, on draws that are not scored. */
export const tuneSpec = z.strictObject({ command: z.literal("tune"), ...drawing, by: criterion.default("distance"), samples: tuningDraws });
export type TuneSpec = Completed<z.output<typeof tuneSpec>, "lanes" | "chunk">;

/** The root key of a tuning's draws. None of them is a draw that is scored. */
export const tuningRoot = (seed: number): KeyBits => stream(keyFromSeed(seed), "tuning");

/** The points at which an attack computes the objective in each evaluation. */
function pointsOf(attack: PartSpec): number {
  const { samples } = attack as { readonly samples?: number };
  return samples ?? 1;
}

/** Chooses among the attacks of a spec, all of which had the same draws. */
export function tuned(spec: TuneSpec, chunks: readonly AuditChunk[]): Tuned {
  const draws = chunks.flatMap((chunk) => chunk.draws);
  const key = stream(tuningRoot(spec.seed), "resample");
  const scores = spec.attacks.map((_, cell): Interval | undefined => {
    const values = draws.map(({ outcomes }) => {
      const { distances, objective } = outcomes[cell]!;
      if (spec.by === "objective") return objective;
      return distances.some((each) => each === null) ? null : distances.reduce<number>((sum, each) => sum + each!, 0) / distances.length;
    });
    if (values.some((value) => value === null)) return undefined;
    return bootstrapMean(values as number[], foldIn(key, cell), { confidence: spec.confidence });
  });
  const ranked = scores
    .map((score, cell) => ({ cell, value: score?.estimate ?? Number.POSITIVE_INFINITY }))
    .sort((a, b) => a.value - b.value);
  const best = spec.attacks[ranked[0]!.cell]!;
  return {
    format: "gradleak-tuned-2",
    // The order is canonical, so that the same spec gives the same bytes however it was written.
    spec: JSON.parse(canonicalJson(spec)) as Tuned["spec"],
    specHash: specHash(spec),
    by: spec.by,
    split: spec.data.split,
    draws: draws.length,
    work: spec.attacks.reduce((sum, attack, cell) => sum + workOf(chunks, cell, pointsOf(attack), spec.client.batch), 0),
    candidates: spec.attacks.map((attack, i) => ({
      attack: attack as unknown as Tuned["attack"],
      score: scores[i]?.estimate ?? null,
      lower: scores[i]?.lower ?? null,
      upper: scores[i]?.upper ?? null,
    })),
    attack: best as unknown as Tuned["attack"],
  };
}

/** The record of a tuning, in the form of specs and results. */
export function recordOf({ spec, by, draws, work, candidates, attack, ...rest }: Tuned): TuningRecord {
  // The prior belongs to the attacker. If attacks have their own priors, the spec's prior says
  // nothing about a setting that they share.
  const { attacks: _tried, prior: _assumed, chunk: _chunk, lanes: _lanes, ...setting } = parseSpec(tuneSpec, spec);
  return {
    specHash: rest.specHash,
    settingHash: specHash(setting),
    by,
    candidates: candidates.length,
    draws,
    work,
    defense: setting.defenses[0]!,
    attack: attacks.parse(attack),
  };
}

/**
 * Reads a tuned file.
 *
 * @throws LeakageError `file` for a file that is damaged, or whose hash is not that of its spec.
 */
export function readTuned(text: string, source: string): Tuned {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new LeakageError("file", `${source} is not JSON; --tuned takes a file that gradleak tune wrote.`, { cause });
  }
  const checked = tunedSchema.safeParse(given);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new LeakageError(
      "file",
      `${source}: ${issue!.path.join(".") || "its form"}: ${issue!.message}; --tuned takes a file that gradleak tune wrote.`,
    );
  }
  const changed = changedIn(checked.data);
  if (changed) throw new LeakageError("file", `${source}: ${changed}; it was changed after gradleak tune wrote it.`);
  return checked.data;
}

/** What in a tuned file does not follow from its spec and its scores, if anything. */
function changedIn(file: Tuned): string | undefined {
  if (specHash(file.spec) !== file.specHash) return "its hash is not that of its spec";
  const { by, data, samples } = parseSpec(tuneSpec, file.spec);
  if (by !== file.by || data.split !== file.split || samples !== file.draws)
    return "its criterion, split or draws are not those of its spec";
  const tried = file.candidates.map(({ attack }) => canonicalJson(attack));
  if (tried.join() !== (file.spec.attacks as PartSpec[]).map(canonicalJson).join()) return "its candidates are not those of its spec";
  const scores = file.candidates.map(({ score }) => score ?? Number.POSITIVE_INFINITY);
  return tried[scores.indexOf(Math.min(...scores))] === canonicalJson(file.attack)
    ? undefined
    : "its attack is not the best of its candidates";
}
