import type { AuditResult } from "../audit/index.ts";
import { byDefense } from "./audit-shares.ts";
import { foreign, html, type Markup } from "./html.ts";
import { percent, significant } from "./numbers.ts";

/** Attacks against one another on the same draws. */
export function comparisonTable({ comparisons }: AuditResult): Markup {
  return html`<div class="wide"><table class="paired">
<thead><tr><th class="text">first</th><th class="text">second</th><th>both</th><th>only first</th><th>only second</th><th>neither</th><th>recovered, first − second</th><th>p</th><th>mean distance, first − second</th></tr></thead>
${[...byDefense(comparisons)].map(
  ([defense, own]) => html`<tbody><tr><th class="group" colspan="9" scope="rowgroup">behind <code>${foreign(defense)}</code></th></tr>
${own.map(
  (one) =>
    html`<tr><th class="text name" scope="row"><code>${foreign(one.first)}</code></th><td class="text name"><code>${foreign(one.second)}</code></td><td>${one.both}</td><td>${one.onlyFirst}</td><td>${one.onlySecond}</td><td>${one.neither}</td><td>${interval(one.recovered, percent)}</td><td>${significant(one.pValue)}</td><td>${one.distance ? interval(one.distance, significant) : "–"}</td></tr>
`,
)}</tbody>
`,
)}
</table></div>`;
}

const interval = (
  { estimate, lower, upper }: { readonly estimate: number; readonly lower: number; readonly upper: number },
  write: (value: number) => string,
): string => `${write(estimate)} (${write(lower)} to ${write(upper)})`;
