import type { AuditResult } from "../audit/index.ts";
import { byDefense } from "./audit-shares.ts";
import { foreign, html, type Markup } from "./html.ts";
import { percent, significant } from "./numbers.ts";

/** Attacks against one another on the same draws. */
export function comparisonTable({ comparisons }: AuditResult): Markup {
  return html`<div class="wide"><table class="paired">
<thead><tr><th class="text">first</th><th class="text">second</th><th>both</th><th>only first</th><th>only second</th><th>neither</th><th>recovered, first − second</th><th>p</th><th>mean distance, first − second</th><th>work, first : second</th><th>seconds</th></tr></thead>
${[...byDefense(comparisons)].map(
  ([defense, own]) => html`<tbody><tr><th class="group" colspan="11" scope="rowgroup">behind <code>${foreign(defense)}</code></th></tr>
${own.map(
  (one) =>
    html`<tr><th class="text name" scope="row"><code>${foreign(one.first)}</code></th><td class="text name"><code>${foreign(one.second)}</code></td><td>${one.both}</td><td>${one.onlyFirst}</td><td>${one.onlySecond}</td><td>${one.neither}</td><td>${interval(one.recovered, percent)}</td><td>${significant(one.pValue)}</td><td>${one.distance ? interval(one.distance, significant) : "–"}</td><td>${workWords(one.work)}${!one.work.equal && html` <span class="mark back">unequal work</span>`}</td><td>${significant(one.seconds.first)} : ${significant(one.seconds.second)}</td></tr>
`,
)}</tbody>
`,
)}
</table></div>`;
}

/** The work of two attacks relative to each other. */
const workWords = ({ first, second }: AuditResult["comparisons"][number]["work"]): string =>
  first >= second ? `${significant(second === 0 ? null : first / second)} : 1` : `1 : ${significant(first === 0 ? null : second / first)}`;

const interval = (
  { estimate, lower, upper }: { readonly estimate: number; readonly lower: number; readonly upper: number },
  write: (value: number) => string,
): string => `${write(estimate)} (${write(lower)} to ${write(upper)})`;
