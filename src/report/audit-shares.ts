import type { AuditResult } from "../audit/index.ts";
import { aimedAt } from "./aim-words.ts";
import { boundAt, certifiedBehind, certifies } from "./audit-certified.ts";
import { foreign, html, type Markup } from "./html.ts";
import { nearestWords } from "./nearest-words.ts";
import { percent, significant, spaced } from "./numbers.ts";
import { atMost } from "./privacy-words.ts";
import { tunedWords } from "./tuned-words.ts";

type Shares = Pick<AuditResult["baselines"][number], "recovered" | "risk" | "quantiles">;

/** Rows by the defense that they are about, in order. */
export function byDefense<Row extends { readonly defense: string }>(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const defenses = new Set(rows.map(({ defense }) => defense));
  return new Map([...defenses].map((defense) => [defense, rows.filter((row) => row.defense === defense)]));
}

/**
 * Recovered shares with their intervals, drawn and in numbers: attacks by defense, then the guesses
 * that saw no update, then the nearest public examples.
 */
export function shareTable(result: AuditResult): Markup {
  const bounded = certifies(result);
  const columns = bounded ? 8 : 7;
  const guess = (name: string, shares: Shares) => row(name, shares, "var(--muted)", bounded ? null : undefined);
  return html`<div class="wide"><table class="shares">
<thead><tr><th></th><th class="text">recovered, 0 to 100 %</th><th>recovered</th><th>interval</th>${bounded && html`<th>certified</th>`}<th>risk</th><th>interval</th><th>median distance</th></tr></thead>
${[...byDefense(result.cells)].map(
  ([
    defense,
    cells,
  ]) => html`<tbody><tr><th class="group" colspan="${columns}" scope="rowgroup">behind <code>${foreign(defense)}</code></th></tr>
${cells.map((cell, i) => row(html`<code>${foreign(cell.attack)}</code>${tunedTo(cell)}${aimed(cell)}`, cell, `var(--series-${1 + (i % 6)})`, bounded ? certifiedBehind(result, defense) : undefined))}</tbody>
`,
)}
<tbody><tr><th class="group" colspan="${columns}" scope="rowgroup">without the update</th></tr>
${result.baselines.map((one) => guess(spaced(one.name), one))}</tbody>
${
  result.nearestPublic &&
  html`<tbody><tr><th class="group" colspan="${columns}" scope="rowgroup">with the original in hand: no guess</th></tr>
${guess(nearestWords(result.nearestPublic.count, result.items), result.nearestPublic)}</tbody>`
}
</table></div>`;
}

function tunedTo(cell: AuditResult["cells"][number]): Markup | false {
  const words = tunedWords(cell);
  return words !== "" && html`<br><span class="mark">tuned to <code>${foreign(words)}</code></span>`;
}

/** What an attack is after, and how much came back of the other one, where the defense changed images. */
function aimed({ aim, beside }: AuditResult["cells"][number]): Markup | false {
  if (aim === undefined || !beside) return false;
  const other = aim === "transformed" ? "original" : "transformed";
  return html`<br><span class="mark">after ${aimedAt({ aim })}; of ${aimedAt({ aim: other })} it recovers ${percent(beside.recovered.estimate)} (${interval(beside.recovered)})</span>`;
}

const interval = ({ lower, upper }: Shares["recovered"]): string => `${percent(lower)} – ${percent(upper)}`;

/**
 * @param certified what the defense certifies that is recovered at most; null if nothing is
 * certified here, and undefined if nothing is certified at all.
 */
function row(name: Markup | string, { recovered, risk, quantiles }: Shares, color: string, certified?: number | null): Markup {
  const { estimate, lower, upper } = recovered;
  const at = (share: number) => `${(100 * share).toFixed(2)}%`;
  return html`<tr><th class="text name" scope="row">${name}</th><td class="range"><i style="left:${at(lower)};width:${at(upper - lower)};background:${color}"></i><b style="left:${at(estimate)};background:${color}"></b>${typeof certified === "number" && html`<s style="${boundAt(at(certified))}"></s>`}</td><td class="strong">${percent(estimate)}</td><td>${interval(recovered)}</td>${certified !== undefined && html`<td>${certified === null ? "–" : `≤ ${atMost(certified)}`}</td>`}<td>${percent(risk.estimate)}</td><td>${interval(risk)}</td><td>${significant(medianOf(quantiles))}</td></tr>
`;
}

const medianOf = (quantiles: Shares["quantiles"]): number | null =>
  quantiles.find(({ probability }) => probability === 0.5)?.distance ?? null;

/** Distances below which a share of the images came. */
export function quantileTable(result: AuditResult): Markup {
  const probabilities = result.cells[0]!.quantiles.map(({ probability }) => probability);
  const row = (name: Markup | string, { quantiles }: Shares, failed: number | null) =>
    html`<tr><th class="text name" scope="row">${name}</th>${quantiles.map(({ distance }) => html`<td>${significant(distance)}</td>`)}<td>${failed ?? "–"}</td></tr>
`;
  return html`<div class="wide"><table>
<thead><tr><th></th>${probabilities.map((probability) => html`<th>${+(100 * probability).toPrecision(6)} %</th>`)}<th>failed</th></tr></thead>
${[...byDefense(result.cells)].map(
  ([
    defense,
    cells,
  ]) => html`<tbody><tr><th class="group" colspan="${probabilities.length + 2}" scope="rowgroup">behind <code>${foreign(defense)}</code></th></tr>
${cells.map((cell) => row(html`<code>${foreign(cell.attack)}</code>`, cell, cell.failed))}</tbody>
`,
)}
<tbody><tr><th class="group" colspan="${probabilities.length + 2}" scope="rowgroup">without the update</th></tr>
${result.baselines.map((guess) => row(spaced(guess.name), guess, null))}</tbody>
${
  result.nearestPublic &&
  html`<tbody><tr><th class="group" colspan="${probabilities.length + 2}" scope="rowgroup">with the original in hand: no guess</th></tr>
${row(nearestWords(result.nearestPublic.count, result.items), result.nearestPublic, null)}</tbody>`
}
</table></div>`;
}
