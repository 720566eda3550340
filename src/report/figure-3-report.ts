import type { Figure3Result } from "../experiments/index.ts";
import { colophon } from "./colophon.ts";
import { embeddedPng, read } from "./embedded-png.ts";
import type { ExperimentReport } from "./experiment-telling.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, fixed } from "./numbers.ts";
import { page } from "./page.ts";

type Row = Figure3Result["rows"][number];

const range = ({ psnr: { estimate, lower, upper } }: Row): string =>
  lower === null || upper === null
    ? `${fixed(estimate, 1)} dB`
    : `${fixed(estimate, 1)} dB (95 %: ${fixed(lower, 1)} to ${fixed(upper, 1)})`;

/** What figure 3 came to, in plain words. */
export function figure3Verdict({ rows, trainingSteps, originals }: Figure3Result): { readonly sentence: string; readonly detail: string } {
  const made = rows.filter(({ adaptive }) => adaptive);
  return {
    sentence: `After ${counted(trainingSteps, "step")} of training, the attacks made for the defenses reach ${made.map(({ name, psnr }) => `${fixed(psnr.estimate, 1)} dB behind ${name}`).join(" and ")}.`,
    detail: `Mean PSNR over ${counted(originals.length, "image")}. ${rows.map((row) => `${row.name}, ${row.adaptive ? "its own attack" : "a plain attack"}: ${range(row)}`).join("; ")}.`,
  };
}

/** The report of figure 3: one HTML file that needs no other file and no script. */
export function figure3Report({ result, images: pngs, reproduce }: ExperimentReport<Figure3Result>): string {
  const { sentence, detail } = figure3Verdict(result);
  const figure = (file: string, what: string, caption: Markup | string) =>
    html`<figure>${embeddedPng(read(pngs, file), what)}<figcaption>${caption}</figcaption></figure>`;
  return page(
    sentence,
    html`<header>
<p class="eyebrow">Gradleak · figure 3</p>
<h1>${sentence}</h1>
<p class="lead">${detail}</p>
</header>
<section>
<h2>Originals</h2>
<div class="path">${result.originals.map(({ index, file, className }) => figure(file, `The original of image ${index}`, html`#${index}<br><span>${foreign(className)}</span>`))}</div>
</section>
${result.rows.map(
  (row) => html`<section>
<h2>${row.name}, ${row.adaptive ? "the attack that was made for it" : "a plain attack"}</h2>
<p class="note">${range(row)}. Network ${row.model}, defense ${row.defense}, attack ${row.attack}.</p>
<div class="path">${row.images.map(({ index, file, psnr }) => figure(file, `The reconstruction of image ${index}, ${row.name}`, html`#${index}<br><span>${fixed(psnr, 1)} dB</span>`))}</div>
</section>
`,
)}<section>
<h2>To reproduce</h2>
${colophon(result, reproduce)}
</section>`,
  );
}
