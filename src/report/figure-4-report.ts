import type { Figure4Result, Series } from "../experiments/index.ts";
import { colophon } from "./colophon.ts";
import { figure4Charts, pairName, stepCharts } from "./figure-4-charts.ts";
import { html, type Markup } from "./html.ts";
import { counted, fixed, grouped, signed } from "./numbers.ts";
import { page } from "./page.ts";

/** What figure 4 came to, in plain words. */
export function figure4Verdict({ series }: Figure4Result): { readonly sentence: string; readonly detail: string } {
  const [bayes, ...others] = series.slice(0, 4) as [Series, ...Series[]];
  const own = fixed(bayes.finalDistance.mean, 3);
  const theirs = others.map(({ finalDistance }) => finalDistance.mean);
  const [least, most] = [Math.min(...theirs), Math.max(...theirs)];
  const worse = others.filter(({ minusBayes }) => minusBayes.low > 0).length;
  const better = others.filter(({ minusBayes }) => minusBayes.high < 0).length;
  const compared = `${own}, against ${fixed(least, 3)} to ${fixed(most, 3)}`;
  const sentence =
    better > 0
      ? `The Bayes optimal adversary did not come closest: ${compared}.`
      : worse === others.length
        ? `The Bayes optimal adversary came closest to the original: ${compared}.`
        : worse === 0
          ? `The four adversaries came equally close, as far as these draws tell: ${compared}.`
          : `The Bayes optimal adversary came closer than ${worse} of the three others, beyond chance: ${compared}.`;
  const { width, classes, n } = bayes;
  const differences = others
    .map(
      (one) => `${pairName(one)} ${signed(one.minusBayes.mean, 3)} (${signed(one.minusBayes.low, 3)} to ${signed(one.minusBayes.high, 3)})`,
    )
    .join("; ");
  return {
    sentence,
    detail: `Mean distance after ${grouped(bayes.distance.step.at(-1)!)} steps over ${counted(n, "draw")}, ${width} hidden units, ${classes} classes. Farther from the original than the optimal adversary, draw by draw: ${differences}.`,
  };
}

/** The report of figure 4: one HTML file that needs nothing beside it and no script. */
export function figure4Report(result: Figure4Result, reproduce: string): string {
  const { sentence, detail } = figure4Verdict(result);
  return page(
    sentence,
    html`<header>
<p class="eyebrow">Gradleak · figure 4</p>
<h1>${sentence}</h1>
<p class="lead">${detail}</p>
</header>
<section>
<h2>Distance from the original, by step</h2>
<p class="note">Inputs are drawn from N(0, I), and every gradient entry gets Laplace noise. The adversaries see the same updates and start at the same points; they differ in what they assume. The optimal one assumes what is true. Bands hold 95 % for the mean.</p>
${stepCharts(result)}
</section>
${figure4Charts(result)}
<section>
<h2>Numbers</h2>
<p class="note">Distance after the last step; difference from the Bayes optimal pair with k = 1 and δ = 0, draw by draw, on the same network and classes.</p>
${table(result)}
</section>
<section>
<h2>To reproduce</h2>
${colophon(result, reproduce)}
</section>`,
  );
}

const settingName = ({ width, classes, k, delta }: Series): string =>
  `${grouped(width)} hidden units, ${grouped(classes)} classes, ${delta === 0 ? "judged at the point" : `k = ${grouped(k)}, δ = ${delta}`}`;

function table({ series }: Figure4Result): Markup {
  const groups = new Map<string, Series[]>();
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
