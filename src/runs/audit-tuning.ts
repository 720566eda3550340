import { otherSplit } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import type { PartSpec } from "../parts/index.ts";
import type { Tuning } from "../scenario/index.ts";
import { type AuditSpec, attackName, type CellSpec, cellSpecs, defenseName } from "./audit-spec.ts";
import { candidatesOf, recordOf, requireComparable, type Tuned, type TuneSpec, valueAt } from "./tuning.ts";

/**
 * The tunings that an audit begins with, one per cell in the order of `cellSpecs`. Each does what
 * `gradleak tune` does with this attack behind this defense, on draws of the split that is not
 * scored. A parameter is varied in the attacks that have it. Budgets are equal: every attack tries
 * as many candidates as the attack with the fewest.
 *
 * @throws LeakageError `spec` for a parameter that no attack has, an attack that has none of them,
 * or objectives that cannot be compared.
 */
export function tuningsOf({
  tuning,
  tuned: _fromFiles,
  failIf: _gate,
  acceptFailed: _failed,
  control: _control,
  adaptive: _beside,
  clients: _holders,
  command: _audit,
  ...rest
}: AuditSpec): readonly TuneSpec[] {
  if (!tuning) return [];
  const { vary, budget, samples, by } = tuning;
  requireComparable(by, vary);
  const nowhere = vary.find(({ path }) => !rest.attacks.some((attack) => has(attack, path)));
  if (nowhere)
    throw new LeakageError(
      "spec",
      `--vary ${nowhere.path}: no attack has such a parameter; a path names it as the attack's spec does${nowhere.path.startsWith("prior.") ? ", so state the prior in the attack, as in bayes:prior=(tv:weight=10)" : ""}.`,
    );
  const all = rest.attacks.map((attack) => {
    const own = vary.filter(({ path }) => has(attack, path));
    const candidates = candidatesOf(attack, own, budget, rest.seed);
    if (candidates.length > 1) return { attack, own, candidates: candidates.length };
    throw new LeakageError(
      "spec",
      `--vary leaves attack ${attackName(attack)} one candidate, and attacks are compared at equal budgets: vary one of its parameters as well, to a value that it does not have already.`,
    );
  });
  const equal = Math.min(...all.map(({ candidates }) => candidates));
  // The tuning of a folder draws other images, whose hashes are computed when it is prepared.
  const { split, set } = rest.data;
  const data = { set, split: otherSplit(split) };
  return rest.defenses.flatMap((defense) =>
    all.map(({ attack, own }) => ({
      ...rest,
      command: "tune" as const,
      data,
      defenses: [defense],
      attacks: [...candidatesOf(attack, own, equal, rest.seed)],
      samples,
      // A program is not wider than its draws.
      lanes: Math.min(rest.lanes, samples),
      chunk: Math.min(rest.chunk, samples),
      by,
    })),
  );
}

const has = (attack: PartSpec, path: string): boolean => valueAt(attack, path) !== undefined;

/** The cells of an audit as they run: with the best candidate of each tuning. */
export const tunedCells = (spec: AuditSpec, tunings: readonly Tuned[]): readonly CellSpec[] =>
  cellSpecs(spec).map((cell, i) => {
    const record = tunings[i] && recordOf(tunings[i]);
    return record ? { ...cell, attack: record.attack, tuned: record } : cell;
  });

/** How the attack of a cell was tuned, in the form of a scenario. */
export function tuningOf({ tuned }: CellSpec, vary: NonNullable<AuditSpec["tuning"]>["vary"] | undefined): Tuning | undefined {
  if (!tuned) return undefined;
  const { specHash, settingHash, by, candidates, draws, work, attack } = tuned;
  const values = vary?.flatMap(({ path }) => {
    const value = valueAt(attack, path);
    return value === undefined ? [] : [[path, value as NonNullable<Tuning["values"]>[string]] as const];
  });
  return {
    specHash,
    settingHash,
    by,
    candidates,
    draws,
    work,
    attack: attackName(attack),
    values: values ? Object.fromEntries(values) : null,
  };
}

/**
 * A note that names the attacks whose best value is the smallest or the largest that was tried.
 * Equal budgets are not equally good if the values suit only one attack: a weight that is small
 * relative to one likelihood is large relative to another.
 */
export function endsReached({ tuning }: AuditSpec, cells: readonly CellSpec[]): readonly string[] {
  const told = cells.flatMap(({ defense, asked: base, attack }) => {
    const ends = (tuning?.vary ?? []).flatMap(({ path, values }) => {
      const tried = [valueAt(base, path), ...values].filter((value) => typeof value === "number");
      const chosen = valueAt(attack, path);
      return typeof chosen === "number" && [Math.min(...tried), Math.max(...tried)].includes(chosen) ? [`${path}=${chosen}`] : [];
    });
    return ends.length > 0 ? [`${attackName(base)} behind ${defenseName(defense)} (${ends.join(", ")})`] : [];
  });
  if (told.length === 0) return [];
  return [`The best value is the smallest or the largest that was tried, so values beyond it may do better: ${told.join("; ")}.`];
}
