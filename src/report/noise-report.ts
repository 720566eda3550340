import * as Plot from "@observablehq/plot";
import type { NoiseResult } from "../experiments/index.ts";
import { exampleImages } from "./example-images.ts";
import { experimentPage } from "./experiment-page.ts";
import type { ExperimentReport } from "./experiment-telling.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, fixed, percent, signed, significant } from "./numbers.ts";
import { plot } from "./plot.ts";

type Case = NoiseResult["cases"][number];
type Step = Case["steps"][number];
type Attacker = Step["attackers"][number];

/** What attackers are called. */
const names: Readonly<Record<Attacker["role"], string>> = { bayes: "Bayes", l2: "ℓ2", l1: "ℓ1", cosine: "cosine" };

/** All comparisons of Bayes with another attacker. */
const comparisons = ({ cases }: NoiseResult) =>
  cases.flatMap(({ steps }) =>
    steps.flatMap(({ attackers }) => attackers.flatMap(({ role, behind }) => (behind ? [{ role, behind }] : []))),
  );

/** Who won how often, and what training did to leakage. */
export function noiseVerdict(result: NoiseResult): { readonly sentence: string; readonly detail: string } {
  const all = comparisons(result);
  const ahead = all.filter(({ behind }) => behind.lower > 0).length;
  const beaten = all.filter(({ behind }) => behind.upper < 0).length;
  const gains = result.cases.flatMap(({ gain }) => gain ?? []);
  const less = gains.filter(({ upper }) => upper < 0).length;
  const more = gains.filter(({ lower }) => lower > 0).length;
  return {
    sentence: `The Bayes adversary is ahead beyond chance in ${ahead} of ${counted(all.length, "comparison")}, and behind in ${beaten}.`,
    detail: `Of ${counted(gains.length, "training")} behind noise, ${less} left the update with less of its image than before, beyond chance, and ${more} with more.`,
  };
}

const decibels = (interval: Attacker["psnr"]): string =>
  interval ? `${fixed(interval.estimate, 1)} (${fixed(interval.lower, 1)} to ${fixed(interval.upper, 1)})` : "–";
const difference = (interval: Attacker["behind"]): string =>
  interval ? `${signed(interval.estimate, 1)} (${signed(interval.lower, 1)} to ${signed(interval.upper, 1)})` : "–";

/** The report of noise on networks: one HTML file that needs no other file and no script. */
export function noiseReport({ result, images, reproduce }: ExperimentReport<NoiseResult>): string {
  const { sentence, detail } = noiseVerdict(result);
  const sets = [...new Set(result.cases.map(({ set }) => set))];
  return experimentPage(
    { name: "noise on networks", sentence, lead: detail },
    html`${sets.map((set) =>
      section(
        set,
        result.cases.filter((one) => one.set === set),
        images,
      ),
    )}`,
    { result, reproduce },
  );
}

const strength = { type: "log", label: "strength of the noise", labelAnchor: "right", tickSize: 0, tickFormat: significant } as const;
const color = (i: number): string => `var(--series-${1 + (i % 6)})`;

/** The accuracy that each strength leaves, beside what the Bayes adversary gets back. */
function curves(cases: readonly Case[]): Markup {
  const kinds = [...new Set(cases.map(({ kind }) => kind))];
  const lines = kinds.map((kind) => cases.filter((one) => one.kind === kind).sort((a, b) => a.strength - b.strength));
  const ticks = [...new Set(cases.map((one) => one.strength))];
  const last = cases[0]!.steps.at(-1)!.step;
  const marked = (
    data: readonly { readonly strength: number; readonly value: number; readonly low: number; readonly high: number }[],
    stroke: string,
    dash?: string,
  ) => [
    Plot.ruleX(data, { x: "strength", y1: "low", y2: "high", stroke, strokeOpacity: 0.6 }),
    Plot.line(data, { x: "strength", y: "value", stroke, strokeWidth: 1.6, ...(dash ? { strokeDasharray: dash } : {}) }),
    Plot.dot(data, { x: "strength", y: "value", r: 2.6, fill: stroke }),
  ];
  const psnr = (line: readonly Case[], at: number) =>
    line.flatMap((one) => {
      const interval = one.steps[at]!.attackers[0]!.psnr;
      return interval ? [{ strength: one.strength, value: interval.estimate, low: interval.lower, high: interval.upper }] : [];
    });
  return html`<div class="curves">${plot(
    `Accuracy after ${counted(last, "step")}`,
    "The share of test examples that are classified as labeled, by the strength of the noise",
    {
      x: { ...strength, ticks },
      y: { label: null, grid: true, tickSize: 0, ticks: 5, domain: [0, 1], tickFormat: (value: number) => percent(value) },
      marks: lines.flatMap((line, i) =>
        marked(
          line.map(({ strength, accuracy }) => ({ strength, value: accuracy.estimate, low: accuracy.lower, high: accuracy.upper })),
          color(i),
        ),
      ),
    },
  )}${plot("PSNR of the Bayes adversary, dB", "The mean PSNR of the Bayes adversary, by the strength of the noise", {
    x: { ...strength, ticks },
    y: { label: null, grid: true, tickSize: 0, ticks: 5 },
    marks: lines.flatMap((line, i) => [
      ...marked(psnr(line, 0), color(i)),
      ...marked(psnr(line, line[0]!.steps.length - 1), color(i), "4 4"),
    ]),
  })}<p class="legend">${kinds.map((kind, i) => html`<span><i class="series-${1 + (i % 6)}"></i><code>${kind}</code></span> `)}<span><i class="dashed"></i>after the training</span> </p></div>`;
}

function section(set: string, cases: readonly Case[], pngs: ReadonlyMap<string, Uint8Array>): Markup {
  const { assumptions, draws } = cases[0]!.steps[0]!.audit;
  return html`<section>
<h2>${foreign(set)}</h2>
<p class="note">${counted(draws, "update")} behind each defense, of one image each, on <code>${foreign(assumptions.model)}</code>. PSNR in decibels, with Student’s 95 % intervals. Differences are those of the same updates.</p>
${curves(cases)}
<div class="wide"><table>
<thead><tr><th class="text">attacker</th><th>before training</th><th>Bayes ahead by</th><th>after training</th><th>Bayes ahead by</th></tr></thead>
${cases.map(rows)}
</table></div>
${cases.map(
  (one) => html`<details><summary>The first image that was drawn behind <code>${foreign(one.defense)}</code></summary>
${one.steps.map(
  ({ step, audit, attackers }) => html`<p class="note">after ${counted(step, "step")}</p>
${exampleImages(audit, "first", pngs, ({ attack }) => html`${names[attackers[audit.cells.findIndex((cell) => cell.attack === attack)]!.role]}`)}`,
)}</details>`,
)}
</section>`;
}

/** The share of images for which the attacker's own objective prefers the truth to the answer of Bayes. */
const failed = ({ audit: { cells } }: Step): string => (cells[0]!.searchFailed ? percent(cells[0]!.searchFailed.estimate) : "–");

function rows({ defense, accuracy, gain, steps }: Case): Markup {
  const [before, after] = [steps[0]!, steps.at(-1)!];
  return html`<tbody><tr><th class="group" colspan="5" scope="rowgroup">behind <code>${foreign(defense)}</code>: accuracy ${percent(accuracy.estimate)} (${percent(accuracy.lower)} to ${percent(accuracy.upper)}); training changes the PSNR of Bayes by ${difference(gain)} dB; its search failed for ${failed(before)} of the images before and ${failed(after)} after</th></tr>
${before.attackers.map(({ role, psnr, behind }, i) => {
  const then = after.attackers[i]!;
  return html`<tr><th class="text name" scope="row">${names[role]}</th><td class="strong">${decibels(psnr)}</td><td>${difference(behind)}</td><td class="strong">${decibels(then.psnr)}</td><td>${difference(then.behind)}</td></tr>
`;
})}</tbody>
`;
}
