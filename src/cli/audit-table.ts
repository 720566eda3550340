import pc from "picocolors";
import type { AuditResult } from "../audit/index.ts";
import { aimWords, atMost, certifiedBehind, certifies, nearestWords, tunedWords } from "../report/index.ts";

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const distance = (value: number | null | undefined): string => (value === null || value === undefined ? "–" : value.toPrecision(3));

/** An attack, with the values that it was tuned to. */
function named(cell: AuditResult["cells"][number]): string {
  const words = tunedWords(cell);
  return words === "" ? cell.attack : `${cell.attack} → ${words}`;
}

const certifiedText = (upper: number | null): string => (upper === null ? "–" : `≤ ${atMost(upper)}`);

/** A line for each pair of attacks that was compared although one did more work. */
export const unequalWork = ({ comparisons }: AuditResult): readonly string[] =>
  comparisons
    .filter(({ work }) => !work.equal)
    .map(
      ({ defense, first, second, work, seconds }) =>
        `unequal work behind ${defense}: ${first} ${amount(work.first)} evaluations × images in ${seconds.first.toPrecision(2)} s, ${second} ${amount(work.second)} in ${seconds.second.toPrecision(2)} s; a difference between them may be one of work`,
    );

const amount = (work: number): string => Number(work.toPrecision(3)).toLocaleString("en-US");

/**
 * The table of recovered shares with their intervals. It has a line for each attack on each
 * defense, one for each guess without an update, and one for the nearest public examples, which are
 * not a guess. If labels were not given, a column says how many of them the attacks found. If a
 * defense certifies something, a column says what any attacker recovers at most. Where a defense
 * changes images, columns say what each attack is after, and how much came back of the other one of
 * the original and what the network saw.
 */
export function auditTable(result: AuditResult): string {
  const { cells, baselines, nearestPublic, items, confidence } = result;
  const bounded = certifies(result);
  const changed = cells.some(({ aim }) => aim !== undefined);
  const reads = cells.some(({ labelAccuracy }) => labelAccuracy !== null);
  const row = (
    defense: string,
    attack: string,
    { recovered, quantiles }: Pick<AuditResult["cells"][number], "recovered" | "quantiles">,
    { labelAccuracy: labels = null, aim, beside }: Partial<Pick<AuditResult["cells"][number], "labelAccuracy" | "aim" | "beside">> = {},
  ) => [
    defense,
    attack,
    percent(recovered.estimate),
    `${percent(recovered.lower)} to ${percent(recovered.upper)}`,
    ...(bounded ? [certifiedText(certifiedBehind(result, defense))] : []),
    distance(quantiles.find(({ probability }) => probability === 0.5)?.distance),
    ...(changed ? [aim === undefined ? "–" : aimWords[aim], beside ? percent(beside.recovered.estimate) : "–"] : []),
    ...(reads ? [labels === null ? "–" : percent(labels.estimate)] : []),
  ];
  const head = [
    "defense",
    "attack",
    "recovered",
    `${+(100 * confidence).toPrecision(6)} % interval`,
    ...(bounded ? ["certified"] : []),
    "median distance",
    ...(changed ? ["after", "recovered of the other"] : []),
    ...(reads ? ["labels right"] : []),
  ];
  const guesses = baselines.map((guess) => row("any", `${guess.name}, no update`, guess));
  const chosen = nearestPublic ? [row("any", nearestWords(nearestPublic.count, items), nearestPublic)] : [];
  const rows = [head, ...cells.map((cell) => row(cell.defense, named(cell), cell, cell)), ...guesses, ...chosen];
  const widths = head.map((_, column) => rows.reduce((most, cells) => Math.max(most, cells[column]!.length), 0));
  const lines = rows.map((cells) =>
    cells
      .map((text, column) => (column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
  return [pc.dim(lines[0]!), ...lines.slice(1, 1 + cells.length), ...lines.slice(1 + cells.length).map((line) => pc.dim(line))].join("\n");
}
