import * as Plot from "@observablehq/plot";
import type { PosteriorResult } from "../experiments/index.ts";
import { experimentPage } from "./experiment-page.ts";
import type { ExperimentReport } from "./experiment-telling.ts";
import { html, type Markup } from "./html.ts";
import { counted, fixed, percent, signed, significant } from "./numbers.ts";
import { plot } from "./plot.ts";

type Cell = PosteriorResult["cells"][number];
type Sampled = Cell["posterior"][number];

/** A difference of shares in percentage points, with its interval. */
const points = ({ estimate, lower, upper }: Sampled["minusPoint"]): string =>
  `${signed(100 * estimate, 3)} points (${signed(100 * lower, 3)} to ${signed(100 * upper, 3)})`;

/** In how many cells the attack of equation 2 recovers more, beyond chance. */
export function posteriorVerdict({ cells }: PosteriorResult): { readonly sentence: string; readonly detail: string } {
  const better = cells.filter(({ posterior }) => posterior[0]!.minusPoint.lower > 0).length;
  const worse = cells.filter(({ posterior }) => posterior[0]!.minusPoint.upper < 0).length;
  const of = cells.length;
  return {
    sentence:
      better === of
        ? "The center of the posterior's fullest ball has a lower risk than the likeliest point, at every noise."
        : `The center of the posterior's fullest ball has a lower risk than the likeliest point, beyond chance, at ${better} of ${of} noises.`,
    detail: [
      ...cells.map(
        ({ scale, point, posterior }) =>
          `b = ${scale}: ${percent(point.recovered.estimate)} against ${percent(posterior[0]!.recovered.estimate)}, a difference of ${points(posterior[0]!.minusPoint)}.`,
      ),
      ...(worse > 0 ? [`At ${worse} of ${of} noises its risk is higher, beyond chance.`] : []),
    ].join(" "),
  };
}

/** The report of that comparison: one HTML file that needs no other file and no script. */
export function posteriorReport({ result, reproduce }: ExperimentReport<PosteriorResult>): string {
  const { sentence, detail } = posteriorVerdict(result);
  return experimentPage(
    { name: "the posterior attack", sentence, lead: detail },
    html`<section>
<h2>Risk</h2>
<p class="note">Shares recovered within δ, with 95 % intervals; differences are taken draw by draw.</p>
<div class="wide"><table>
<thead><tr><th class="text">noise</th><th class="text">attack</th><th>recovered</th><th>interval</th><th>minus the point</th><th>mean distance</th><th>minus the point</th></tr></thead>
${result.cells.map(risk)}
</table></div>
</section>
<section>
<h2>Stated probabilities</h2>
<p class="note">How often an answer lies within δ of the original, by the probability that the attack states. The bars of each chart hold together at 95 %. On the line, what is stated comes true.</p>
<div class="curves">${result.cells.flatMap((cell) => cell.posterior.map((sampled) => reliability(cell, sampled)))}</div>
<h2>Chains</h2>
<div class="wide"><table>
<thead><tr><th class="text">noise</th><th class="text">prior</th><th>stated</th><th>recovered</th><th>accepted</th><th>R̂, median</th><th>R̂, largest</th><th>independent draws, median</th><th>not mixed</th></tr></thead>
<tbody>${result.cells.flatMap((cell) => cell.posterior.map((sampled) => chains(cell, sampled)))}</tbody>
</table></div>
</section>`,
    { result, reproduce },
  );
}

const priorName = { gaussian: "Gaussian", cone: "Gaussian in the label's cone" } as const;

function risk({ scale, delta, n, point, posterior }: Cell): Markup {
  const share = ({ estimate, lower, upper }: Cell["point"]["recovered"]) =>
    html`<td class="strong">${percent(estimate)}</td><td>${percent(lower)} – ${percent(upper)}</td>`;
  return html`<tbody><tr><th class="group" colspan="7" scope="rowgroup">b = ${significant(scale)}, δ = ${significant(delta)}, ${counted(n, "draw")}</th></tr>
<tr><th class="text name" scope="row"></th><td class="text">the likeliest point</td>${share(point.recovered)}<td>–</td><td>${significant(point.meanDistance)}</td><td>–</td></tr>
${posterior.map(
  ({ prior, recovered, minusPoint, meanDistance, distanceMinusPoint: { estimate, lower, upper } }) =>
    html`<tr><th class="text name" scope="row"></th><td class="text">equation 2, prior: ${priorName[prior]}</td>${share(recovered)}<td>${points(minusPoint)}</td><td>${significant(meanDistance)}</td><td>${signed(estimate, 3)} (${signed(lower, 3)} to ${signed(upper, 3)})</td></tr>
`,
)}</tbody>
`;
}

function reliability({ scale }: Cell, { prior, calibration }: Sampled): Markup {
  const told = calibration.flatMap(({ stated, recovered, n }) =>
    stated === null || recovered === null ? [] : [{ stated, ...recovered, n }],
  );
  const title = `b = ${significant(scale)}, prior: ${priorName[prior]}`;
  const axis = { domain: [0, 1], tickSize: 0, ticks: 5, tickFormat: (share: number) => percent(share) };
  return plot(title, `${title}: share recovered by stated probability`, {
    x: { ...axis, label: "stated", labelAnchor: "right" },
    y: { ...axis, label: null, grid: true },
    marks: [
      Plot.line(
        [
          [0, 0],
          [1, 1],
        ],
        { stroke: "var(--rule)", strokeWidth: 1.5 },
      ),
      Plot.ruleX(told, { x: "stated", y1: "lower", y2: "upper", stroke: "var(--series-1)", strokeWidth: 2, strokeOpacity: 0.4 }),
      Plot.dot(told, { x: "stated", y: "estimate", fill: "var(--series-1)", r: 3 }),
    ],
  });
}

const chains = ({ scale }: Cell, { prior, stated, recovered, acceptance, rHat, effective, unmixed }: Sampled): Markup =>
  html`<tr><th class="text name" scope="row">b = ${significant(scale)}</th><td class="text">${priorName[prior]}</td><td>${percent(stated)}</td><td>${percent(recovered.estimate)}</td><td>${percent(acceptance)}</td><td>${fixed(rHat.median, 2)}</td><td>${fixed(rHat.largest, 2)}</td><td>${significant(effective.median)}</td><td>${percent(unmixed)}</td></tr>
`;
