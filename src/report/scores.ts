import type { ImageMetrics, Result } from "../runs/index.ts";
import { explainedWords } from "./evidence-words.ts";
import { foreign, html, type Markup } from "./html.ts";
import { nearestWords } from "./nearest-words.ts";
import { fixed, grouped, significant, spaced } from "./numbers.ts";
import { baselineNames } from "./verdict.ts";

type Statistic = "mean" | "median" | "worst";
type Summaries = Result["summary"]["attack"];

/**
 * Mean, median and worst of the attack, beside those of the guesses that saw no update, and of the
 * nearest public images, which are no guess.
 */
export function summaryTable(result: Result): Markup {
  const rows: readonly (readonly [string, Summaries | undefined])[] = [
    ["attack", result.summary.attack],
    ...targetRows(result),
    ...baselineNames(result).map((name) => [`${spaced(name)}, no update`, result.summary.baseline[name]] as const),
    ...nearestRows(result),
  ];
  const cells = (summaries: Summaries | undefined, statistic: Statistic) =>
    html`<td>${fixed(summaries?.psnr?.[statistic] ?? null, 2)}</td><td>${fixed(summaries?.psnrUnclamped?.[statistic] ?? null, 2)}</td><td>${fixed(summaries?.ssim?.[statistic] ?? null, 3)}</td><td>${significant(summaries?.mse?.[statistic] ?? null)}</td><td>${significant(summaries?.distance?.[statistic] ?? null)}</td>`;
  return html`<div class="wide"><table>
<thead><tr><th></th><th></th><th>PSNR, dB</th><th>unclamped</th><th>SSIM</th><th>MSE</th><th>distance</th></tr></thead>
${rows.map(
  ([name, summaries]) =>
    html`<tbody>${(["mean", "median", "worst"] as const).map(
      (
        statistic,
        i,
      ) => html`<tr>${i === 0 && html`<th class="group" rowspan="3" scope="rowgroup">${name}</th>`}<th class="text" scope="row">${statistic}</th>${cells(summaries, statistic)}</tr>
`,
    )}</tbody>`,
)}
</table></div>`;
}

/** The attack against the originals and against what the network saw, where the defense changed these. */
function targetRows({ summary: { targets } }: Result): readonly (readonly [string, Summaries])[] {
  if (!targets) return [];
  return [
    ["attack, of the originals", targets.original],
    ["attack, of what the network saw", targets.transformed],
  ];
}

function nearestRows({ images, summary }: Result): readonly (readonly [string, Summaries])[] {
  const count = images.find(({ nearestPublic }) => nearestPublic)?.nearestPublic?.count;
  return summary.nearestPublic && count !== undefined ? [[nearestWords(count, "image"), summary.nearestPublic]] : [];
}

/** Every image's numbers, beside the guesses that saw no update and the nearest public image. */
export function imageTable(result: Result): Markup {
  return html`<div class="wide"><table>
<thead><tr><th>image</th><th class="text">class</th><th>PSNR, dB</th><th>unclamped</th><th>SSIM</th><th>MSE</th><th>distance</th>
${result.summary.targets && html`<th>of the original, dB</th><th>of what the network saw, dB</th>`}${baselineNames(result).map((name) => html`<th>${spaced(name)}, dB</th>`)}${result.summary.nearestPublic && html`<th>nearest public, dB</th>`}<th>explained</th><th class="text">limit</th><th>objective</th><th>steps</th><th>evaluations</th><th>seconds</th><th class="text">stopped</th></tr></thead>
<tbody>${result.images.map(
    (
      image,
    ) => html`<tr><th scope="row">#${image.index}</th><td class="text class">${image.className === null ? (image.label ?? "–") : foreign(image.className)}</td>${metricCells(image)}
${image.targets && html`<td>${fixed(image.targets.original.psnr, 2)}</td><td>${fixed(image.targets.transformed.psnr, 2)}</td>`}${baselineNames(result).map((name) => html`<td>${fixed(image.baseline[name]?.psnr ?? null, 2)}</td>`)}${result.summary.nearestPublic && html`<td>${fixed(image.nearestPublic?.psnr ?? null, 2)}</td>`}<td>${image.explained === null ? "–" : explainedWords(image.explained)}</td><td class="text">${image.limit ?? "–"}</td><td>${significant(image.objective)}</td><td>${grouped(image.steps)}</td><td>${grouped(image.evaluations)}</td><td>${fixed(image.seconds, 1)}</td><td class="text">${image.stopped ?? "–"}</td></tr>
`,
  )}</tbody>
</table></div>`;
}

function metricCells({ psnr, psnrUnclamped, ssim, mse, distance }: ImageMetrics): Markup {
  return html`<td>${fixed(psnr, 2)}</td><td>${fixed(psnrUnclamped, 2)}</td><td>${fixed(ssim, 3)}</td><td>${significant(mse)}</td><td>${significant(distance)}</td>`;
}
