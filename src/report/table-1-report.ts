import type { Table1Result } from "../experiments/index.ts";
import { experimentPage } from "./experiment-page.ts";
import type { ExperimentReport } from "./experiment-telling.ts";
import { foreign, html } from "./html.ts";
import { counted, significant } from "./numbers.ts";

/** Cosines this near to 1 are 1, in float64 through two derivatives. */
const tolerance = 1e-6;

/** What table 1 came to, in plain words, with a line a row. */
export function table1Verdict({ rows }: Table1Result): { readonly sentence: string; readonly detail: string } {
  const off = rows.filter(({ cosine }) => !(Math.abs(cosine - 1) <= tolerance));
  const sentence =
    off.length === 0
      ? `All ${counted(rows.length, "row")} minimize what their authors minimize.`
      : `${counted(off.length, "row")} of ${rows.length} do not minimize what their authors minimize: ${off.map(({ method }) => method).join(", ")}.`;
  const width = Math.max(...rows.map(({ method }) => method.length));
  const lines = rows.map(
    ({ method, law, prior, radius, samples, cosine }) =>
      `${method.padEnd(width)}  p(g | x): ${law}; p(x): ${prior}; ${ballOf(radius, samples)}; cosine ${cosine.toFixed(9)}`,
  );
  return { sentence, detail: lines.join("\n") };
}

const ballOf = (radius: number, samples: number): string => (radius === 0 ? "δ = 0, k = 1" : `δ = ${significant(radius)}, k = ${samples}`);

/** The report of table 1: one HTML file that needs no other file and no script. */
export function table1Report({ result, reproduce }: ExperimentReport<Table1Result>): string {
  const { sentence } = table1Verdict(result);
  return experimentPage(
    {
      name: "table 1",
      sentence,
      lead: "An attack is an assumption about p(g | x) and p(x), and a search. Each row is a value of the catalogue, with what it assumes; the last column is the cosine between the derivative in x of what the value minimizes and that of the loss its authors state, on the gradients of a network.",
    },
    html`<section>
<h2>Attacks as assumptions</h2>
<div class="wide"><table>
<thead><tr><th class="text">attack</th><th class="text">p(g | x)</th><th class="text">p(x)</th><th>δ, k</th><th class="text">its authors’ loss</th><th>cosine</th></tr></thead>
<tbody>${result.rows.map(
      ({ method, source, law, prior, radius, samples, loss, cosine }) =>
        html`<tr><th class="text name" scope="row">${method}<br><span class="note">${source}</span></th><td class="text name">${foreign(law)}</td><td class="text name">${foreign(prior)}</td><td>${ballOf(radius, samples)}</td><td class="text name">${loss}</td><td>${cosine.toFixed(9)}</td></tr>
`,
    )}</tbody>
</table></div>
</section>`,
    { result, reproduce },
  );
}
