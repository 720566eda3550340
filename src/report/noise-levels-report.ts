import type { ExperimentResult } from "../experiments/index.ts";
import { colophon } from "./colophon.ts";
import type { Telling } from "./experiment-report.ts";
import { html } from "./html.ts";
import { fixed } from "./numbers.ts";
import { page } from "./page.ts";

type NoiseLevels = Extract<ExperimentResult, { readonly experiment: "noise-levels" }>;

const sentenceOf = ({ rows }: NoiseLevels): string =>
  `PSNR falls from ${fixed(rows[0]!.psnr, 1)} to ${fixed(rows.at(-1)!.psnr, 1)} dB.`;

/** How the result of noise-levels is told. */
export const noiseLevelsTelling: Telling<NoiseLevels> = {
  verdict: (result) => ({ sentence: sentenceOf(result), detail: "" }),
  report: ({ result, reproduce }) =>
    page(
      sentenceOf(result),
      html`<h1>${sentenceOf(result)}</h1>
<table><tbody>${result.rows.map(({ sigma, psnr }) => html`<tr><th>${sigma}</th><td>${fixed(psnr, 1)} dB</td></tr>`)}</tbody></table>
${colophon(result, reproduce)}`,
    ),
};
