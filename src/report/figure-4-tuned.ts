import type { Figure4Tuned } from "../experiments/index.ts";
import { pairName, stepCharts } from "./figure-4-charts.ts";
import { html, type Markup } from "./html.ts";
import { counted, fixed, grouped } from "./numbers.ts";

/**
 * The comparison that counts: each adversary with what was chosen for it, and how it was chosen.
 */
export const tunedSection = (tuned: Figure4Tuned): Markup => html`<section>
<h2>Each adversary tuned: distance from the original, by step</h2>
<p class="note">Each adversary tried the same ${counted(tuned.candidates.length, "setting")} of its search on ${counted(tuned.draws, "draw")} of the same networks that are not scored, and took the one with the least mean distance. The curves are of the scored draws. Tuning spec <code>${tuned.specHash.slice(0, 12)}</code>.</p>
${stepCharts(tuned.series)}
${chosenTable(tuned)}
${candidateTable(tuned)}
</section>`;

const annealing = (anneal: number): string => (anneal === 1 ? "not annealed" : `annealed from ${anneal}`);

const chosenTable = ({ series }: Figure4Tuned): Markup => html`<div class="wide"><table>
<thead><tr><th></th><th>learning rate</th><th>factor a step</th><th>likelihood</th><th>tuning draws, same for all</th><th>tuning draws, chosen</th></tr></thead>
<tbody>${series.map(
  (one) =>
    html`<tr><th class="text" scope="row">${pairName(one)}</th><td>${one.chosen.rate}</td><td>${one.chosen.gamma}</td><td>${annealing(one.chosen.anneal)}</td><td>${fixed(one.scores[0]!, 3)}</td><td>${fixed(Math.min(...one.scores), 3)}</td></tr>
`,
)}</tbody>
</table></div>`;

/** Every candidate's mean distance; the chosen ones stand out. */
const candidateTable = ({
  candidates,
  series,
  draws,
}: Figure4Tuned): Markup => html`<details><summary>What was tried: mean distance on the ${grouped(draws)} tuning draws</summary>
<div class="wide"><table class="paired">
<thead><tr><th>learning rate</th><th>factor a step</th><th>likelihood</th>${series.map((one) => html`<th>${pairName(one)}</th>`)}</tr></thead>
<tbody>${candidates.map(
  ({ rate, gamma, anneal }, c) =>
    html`<tr><th scope="row">${rate}</th><td>${gamma}</td><td>${annealing(anneal)}</td>${series.map(({ scores }) => html`<td${scores.indexOf(Math.min(...scores)) === c && html` class="strong"`}>${fixed(scores[c]!, 3)}</td>`)}</tr>
`,
)}</tbody>
</table></div></details>`;
