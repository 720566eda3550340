import { type Attack, hasFailed, type Stop, stops } from "../adversary/index.ts";
import { clopperPearson, type Interval, mcnemar, quantile } from "../metrics/index.ts";
import type { KeyBits } from "../random/index.ts";
import type { Limit, Scenario } from "../scenario/index.ts";
import type { AuditCell, AuditResult } from "./audit-result.ts";
import { cellsOf } from "./cells.ts";
import type { AuditChunk } from "./chunk.ts";
import { type Distances, within } from "./comparison.ts";
import { type Controls, controlDraws, controlShare } from "./controls.ts";
import { shareOf } from "./share.ts";

type Draws = AuditChunk["draws"];

/** The middle of some numbers; null if there are none. */
export const median = (values: readonly number[]): number | null =>
  values.length === 0
    ? null
    : quantile(
        values.toSorted((a, b) => a - b),
        0.5,
      );

/** The draws of a cell whose attack failed without bringing back all of its images. */
export function failuresOf(draws: Draws, cell: number, delta: number): Pick<AuditCell, "failed" | "failures"> {
  const failures: Partial<Record<Stop, number>> = {};
  let failed = 0;
  for (const { outcomes } of draws) {
    const { distances, stopped } = outcomes[cell]!;
    // An attack of a stranger may not say that it failed. Its numbers do.
    const stop = stopped !== null && hasFailed(stopped) ? stopped : distances.includes(null) ? "nan" : null;
    if (stop === null || distances.every((distance) => within(distance, delta))) continue;
    failures[stop] = (failures[stop] ?? 0) + 1;
    failed++;
  }
  return { failed, failures };
}

/** The shares of draws that were not recovered because of the search, and because of the update. */
export function limitsOf(draws: Draws, cell: number, attack: Attack, confidence: number): Pick<AuditCell, "searchFailed" | "undetermined"> {
  if (!attack.objective) return { searchFailed: null, undetermined: null };
  const count = (limit: Limit) => draws.filter(({ outcomes }) => outcomes[cell]!.limit === limit).length;
  const share = (of: number): Interval => clopperPearson(of, draws.length, confidence);
  return { searchFailed: share(count("search")), undetermined: share(count("information")) };
}

/** What a cell's control came to; null if the audit has no controls. */
export function controlOf(
  {
    scenarios,
    controls,
    confidence,
  }: { readonly scenarios: readonly Scenario[]; readonly controls: Controls; readonly confidence: number },
  draws: Draws,
  cell: number,
  key: KeyBits,
): AuditCell["control"] {
  const place = controls.places[cell];
  if (!place) return null;
  if (place.kind === "none") return { succeeded: false, recovered: null, draws: 0, own: false, reason: place.reason };
  const { delta } = cellsOf({ scenarios })[cell]!.scenario.score;
  const used = place.kind === "cell" ? draws : draws.slice(0, controlDraws);
  const recovered = used.map(({ outcomes, controls }) =>
    (place.kind === "cell" ? outcomes[place.cell]!.distances : controls[place.run]!).map((distance) => within(distance, delta)),
  );
  const share = shareOf(recovered, key, confidence);
  const guesses = Object.keys(used[0]!.guesses).map((name) => {
    const near = used.flatMap(({ guesses }) => guesses[name]!).filter((distance) => distance <= delta).length;
    return near / recovered.flat().length;
  });
  return {
    succeeded: share.estimate >= controlShare && share.estimate > Math.max(0, ...guesses),
    recovered: share,
    draws: used.length,
    own: place.kind === "cell" && place.cell === cell,
    reason: null,
  };
}

/**
 * Whether an audit can say of each defense that something does not come back, or why not. It cannot
 * over attacks that failed, nor if all attacks get nothing from an update without a defense.
 */
export function statementsOf(cells: readonly AuditCell[], draws: number, acceptFailed: boolean): AuditResult["statements"] {
  return [...new Set(cells.map(({ defense }) => defense))].map((defense) => {
    const own = cells.filter((cell) => cell.defense === defense);
    const failed = own.flatMap((cell) =>
      cell.failed > 0 && !acceptFailed
        ? [`${cell.failed} of ${draws} attacks of ${cell.attack} behind ${defense} failed: ${failureWords(cell)}`]
        : [],
    );
    const controlled = own.filter(({ control }) => control !== null);
    const idle = controlled.length > 0 && controlled.every(({ control }) => !control!.succeeded);
    return { defense, reasons: [...failed, ...(idle ? controlled.map(idleWords) : [])] };
  });
}

const failureWords = ({ failures }: AuditCell): string =>
  Object.entries(failures)
    .map(([stop, count]) => `${count} ${stop} (${stops[stop as Stop]})`)
    .join(", ");

function idleWords({ attack, control, defense }: AuditCell): string {
  if (control!.reason !== null) return `${attack} cannot be tried without ${defense}: ${control!.reason}`;
  const share = `${+(100 * control!.recovered!.estimate).toFixed(1)} %`;
  return `${attack} recovers ${share} from ${control!.draws} updates without any defense, so what it does not recover behind ${defense} says nothing`;
}

/** Below this p-value, a difference on the same draws is remarked on. */
const remarkable = 0.01;

/** What a reader should wonder about. */
export function remarks(
  cells: readonly AuditCell[],
  guesses: readonly Pick<AuditResult["baselines"][number], "name" | "recovered" | "quantiles">[],
  distances: readonly Distances[],
  delta: number,
): string[] {
  const said: string[] = [];
  const middle = ({ quantiles }: Pick<AuditCell, "quantiles">) =>
    quantiles.find(({ probability }) => probability === 0.5)?.distance ?? Infinity;
  for (const cell of cells) {
    const better = guesses.find(
      (guess) => guess.recovered.estimate > cell.recovered.estimate || (cell.recovered.estimate === 0 && middle(guess) < middle(cell)),
    );
    if (better)
      said.push(
        `${cell.attack} behind ${cell.defense} does worse than the ${better.name} without the update, so it makes no use of the update.`,
      );
  }
  for (const [i, less] of cells.entries())
    for (const [j, more] of cells.entries()) {
      if (less.attack !== more.attack || less.explainable === null || more.explainable === null) continue;
      // The truth explains less of an update with more noise.
      if (less.explainable <= more.explainable || less.recovered.estimate >= more.recovered.estimate) continue;
      const won = (one: Distances, other: Distances) =>
        one.flat().filter((distance, k) => within(distance, delta) && !within(other.flat()[k]!, delta)).length;
      const pValue = mcnemar({ onlyFirst: won(distances[i]!, distances[j]!), onlySecond: won(distances[j]!, distances[i]!) });
      if (pValue < remarkable)
        said.push(
          `${less.attack} recovers less behind ${less.defense} than behind ${more.defense}, which adds more noise (p = ${pValue.toPrecision(2)}): the search, not the noise, limits it.`,
        );
    }
  return said;
}
