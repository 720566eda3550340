import type { Figure4Result, Series } from "../experiments/index.ts";
import { experimentPage } from "./experiment-page.ts";
import type { ExperimentReport } from "./experiment-telling.ts";
import { figure4Charts, pairName, stepCharts } from "./figure-4-charts.ts";
import { tunedSection } from "./figure-4-tuned.ts";
import { html, type Markup } from "./html.ts";
import { counted, fixed, grouped, signed } from "./numbers.ts";

/**
 * What figure 4 came to, in plain words: the tuned comparison, and beside it the one at the same
 * setting for all.
 */
export function figure4Verdict({ series, tuned }: Figure4Result): { readonly sentence: string; readonly detail: string } {
  const same = series.slice(0, 4);
  const [{ distance, n, width, classes }] = same as [Series];
  const what = `Mean distance after ${counted(distance.step.at(-1)!, "step")} over ${counted(n, "draw")}, ${grouped(width)} hidden units, ${classes} classes.`;
  const alike = `With one setting for all four adversaries, ${outcome(same)}.`;
  if (!tuned) return { sentence: alike, detail: `${what} ${differences(same)} Nothing was tuned.` };
  return {
    sentence: `With each adversary tuned, ${outcome(tuned.series)}.`,
    detail: [
      `${what} ${differences(tuned.series)}`,
      `Each tried the same ${counted(tuned.candidates.length, "setting")} of its search on ${counted(tuned.draws, "draw")} that are not scored.`,
      `${alike} ${differences(same)}`,
    ].join("\n"),
  };
}

/**
 * Which of the four adversaries came closest, by the paired differences from the optimal one, which
 * is the first.
 */
function outcome(pairs: readonly Series[]): string {
  const [bayes, ...others] = pairs as [Series, ...Series[]];
  const theirs = others.map(({ finalDistance }) => finalDistance.mean);
  const compared = `${fixed(bayes.finalDistance.mean, 3)}, against ${fixed(Math.min(...theirs), 3)} to ${fixed(Math.max(...theirs), 3)}`;
  const worse = others.filter(({ minusBayes }) => minusBayes.low > 0).length;
  if (others.some(({ minusBayes }) => minusBayes.high < 0)) return `the Bayes optimal one did not come closest: ${compared}`;
  if (worse === others.length) return `the Bayes optimal one came closest to the original: ${compared}`;
  if (worse === 0) return `all came equally close, as far as these draws tell: ${compared}`;
  return `the Bayes optimal one came closer than ${worse} of the three others, beyond chance: ${compared}`;
}

/** Paired differences, and medians, which the few draws that end far away do not move. */
const differences = ([bayes, ...others]: readonly Series[]): string =>
  `Farther from the original than the optimal one, draw by draw: ${others
    .map(
      (one) => `${pairName(one)} ${signed(one.minusBayes.mean, 3)} (${signed(one.minusBayes.low, 3)} to ${signed(one.minusBayes.high, 3)})`,
    )
    .join(
      "; ",
    )}. Medians, the optimal one first: ${[bayes!, ...others].map(({ finalDistance }) => fixed(finalDistance.median, 3)).join(", ")}.`;

/** The report of figure 4: one HTML file that needs no other file and no script. */
export function figure4Report({ result, reproduce }: ExperimentReport<Figure4Result>): string {
  const { sentence, detail } = figure4Verdict(result);
  const { series, tuned } = result;
  const [lead, ...more] = detail.split("\n");
  return experimentPage(
    {
      name: "figure 4",
      sentence,
      lead: lead!,
      more: html`${more.map((line) => html`<p>${line}</p>`)}
<p class="note">Inputs are drawn from N(0, I), and every gradient entry gets Laplace noise. The adversaries see the same updates and start at the same points; they differ in what they assume. The optimal one assumes what is true. Bands hold 95 % for the mean.</p>`,
    },
    html`${tuned && tunedSection(tuned)}
<section>
<h2>The same setting for all: distance from the original, by step</h2>
<p class="note">${tuned ? "The same draws and starts, with one setting of the search for all adversaries." : "Nothing was tuned: this compares the adversaries at one setting of the search, not at what each of them can do."}</p>
${stepCharts(series.slice(0, 4))}
</section>
${figure4Charts(result)}
<section>
<h2>Numbers</h2>
<p class="note">Distance after the last step; difference from the Bayes optimal pair with k = 1 and δ = 0, draw by draw, on the same network and classes${tuned && ", tuned where the others are"}.</p>
${table(result)}
</section>`,
    { result, reproduce },
  );
}

const settingName = ({ width, classes, k, delta }: Series): string =>
  `${grouped(width)} hidden units, ${grouped(classes)} classes, ${delta === 0 ? "judged at the point" : `k = ${grouped(k)}, δ = ${delta}`}`;

function table({ series, tuned }: Figure4Result): Markup {
  const groups = new Map<string, readonly Series[]>(tuned ? [[`${settingName(tuned.series[0]!)}, each tuned`, tuned.series]] : []);
  for (const one of series) groups.set(settingName(one), [...(groups.get(settingName(one)) ?? []), one]);
  const range = (low: string, high: string) => `${low} – ${high}`;
  return html`<div class="wide"><table>
<thead><tr><th></th><th>draws</th><th>mean</th><th>95 % band</th><th>median</th><th>minus Bayes</th><th>95 % band</th></tr></thead>
${[...groups].map(
  ([name, all]) => html`<tbody><tr><th class="group" colspan="7" scope="rowgroup">${name}</th></tr>
${all.map(
  (
    one,
  ) => html`<tr><th class="text" scope="row">${pairName(one)}</th><td>${grouped(one.n)}</td><td>${fixed(one.finalDistance.mean, 3)}</td><td>${range(fixed(one.finalDistance.low, 3), fixed(one.finalDistance.high, 3))}</td><td>${fixed(one.finalDistance.median, 3)}</td><td>${signed(one.minusBayes.mean, 3)}</td><td>${range(signed(one.minusBayes.low, 3), signed(one.minusBayes.high, 3))}</td></tr>
`,
)}</tbody>
`,
)}
</table></div>`;
}
