import type { Figure1Result } from "../experiments/index.ts";
import { embeddedPng, read } from "./embedded-png.ts";
import { experimentPage } from "./experiment-page.ts";
import type { ExperimentReport } from "./experiment-telling.ts";
import { pathChart, pathCurves, pathLegend } from "./figure-1-charts.ts";
import { radii } from "./given.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, fixed, grouped, percent, significant } from "./numbers.ts";

/** What figure 1 came to, in plain words. */
export function figure1Verdict({ recovered, path, delta }: Figure1Result): { readonly sentence: string; readonly detail: string } {
  const [first, last] = [path[0]!, path.at(-1)!];
  return {
    sentence: recovered ? "The path ends inside the ball around the original." : "The path ends outside the ball around the original.",
    detail: `From a random image, ${significant(first.distance)} away after the first step, to ${significant(last.distance)} after ${counted(last.step, "step")} (${fixed(last.psnr, 1)} dB). The adversary's loss is 0 within δ = ${significant(delta)} of the original, and 1 beyond.`,
  };
}

/** The report of figure 1: one HTML file that needs no other file and no script. */
export function figure1Report({ result, images: pngs, reproduce }: ExperimentReport<Figure1Result>): string {
  const { sentence, detail } = figure1Verdict(result);
  const { assumes, shown } = result;
  const ball =
    assumes.radius === 0
      ? "judges single points"
      : `averages over ${counted(assumes.samples, "point")} in a ball of radius ${radii(assumes.radius, assumes.shrunkRadius)}${assumes.shrunkRadius === undefined ? "" : ","} at each step`;
  return experimentPage(
    { name: "figure 1", sentence, lead: detail },
    html`<section>
<h2>The path</h2>
<p class="note">The adversary assumes ${foreign(assumes.law)} and ${foreign(assumes.prior)}, and ${ball}.</p>
${snapshots(result, pngs)}
</section>
<section>
<h2>The ball</h2>
<p class="note">The path on the plane through the original that holds the first point and the direction across it in which the path strays most; it shows ${percent(shown)} of the squared distances. The discs are balls of radius δ around the original and around the points in the images. What lies in a disc need not lie in the ball: the plane hides the other directions.</p>
<div class="curves">${pathChart(result)}<div>${pathCurves(result)}</div>${pathLegend}</div>
</section>`,
    { result, reproduce },
  );
}

function snapshots({ files, image, path }: Figure1Result, pngs: ReadonlyMap<string, Uint8Array>): Markup {
  const at = new Map(path.map((moment) => [moment.step, moment]));
  return html`<div class="path">
<figure>${embeddedPng(read(pngs, files.original), `The original, ${image.className}`)}<figcaption>original<br><span>${foreign(image.className)}</span></figcaption></figure>
${files.snapshots.map(
  ({ step, file }) =>
    html`<figure>${embeddedPng(read(pngs, file), `The path at step ${step}`)}<figcaption>step ${grouped(step)}<br><span>${significant(at.get(step)?.distance ?? null)} away</span></figcaption></figure>
`,
)}</div>`;
}
