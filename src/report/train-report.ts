import type { TrainResult } from "../runs/index.ts";
import { auditVerdict } from "./audit-verdict.ts";
import { colophon } from "./colophon.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, fixed, grouped, percent } from "./numbers.ts";
import { page } from "./page.ts";
import { privacySection } from "./privacy-words.ts";
import { leakageFigure, trainingCurves } from "./train-charts.ts";
import type { Verdict } from "./verdict.ts";

/** What the report of a training is made of. */
export interface TrainReport {
  readonly result: TrainResult;
  /** The command that makes the same result again. */
  readonly reproduce?: string;
}

/** What a training came to, in plain words. */
export function trainVerdict({ accuracy, rounds, clients, blocked, audits, testExamples, confidence }: TrainResult): Verdict {
  const last = rounds.at(-1)!.round;
  const of = `${counted(clients.length, "client")}, ${counted(last, "round")}: ${percent(accuracy.estimate)} of ${grouped(testExamples)} test examples are classified as labeled (${percent(accuracy.lower)} to ${percent(accuracy.upper)} with ${+(100 * confidence).toPrecision(6)} %).`;
  if (blocked)
    return {
      sentence: `The training was stopped after round ${blocked.round}: its updates leak more than the gate allows.`,
      detail: `The gate ${blocked.gate} found ${percent(blocked.value)}. ${of}`,
    };
  const sentence = `The network reached ${percent(accuracy.estimate)} accuracy after ${counted(last, "round")}.`;
  if (audits.length === 0) return { sentence, detail: of };
  const most = audits.map(({ round, result }) => ({ round, share: Math.max(...result.cells.map(({ recovered }) => recovered.estimate)) }));
  const worst = most.reduce((a, b) => (b.share > a.share ? b : a));
  return { sentence, detail: `${of} Most came back after round ${worst.round}: ${percent(worst.share)}, by one attack.` };
}

/** The report of a training: one HTML file that needs nothing beside it and no script. */
export function trainReport({ result, reproduce }: TrainReport): string {
  const { sentence, detail } = trainVerdict(result);
  return page(
    sentence,
    html`<header>
<p class="eyebrow">Gradleak · federated training</p>
<h1>${sentence}</h1>
<p class="lead">${detail}</p>
</header>
<section>
<h2>The training</h2>
<p class="note">The loss is the mean over the batches of a round's clients, before the step of the server.</p>
${trainingCurves(result)}
</section>
${result.privacy && privacySection(result.privacy)}${result.audits.length > 0 && audits(result)}
<section>
<h2>The clients</h2>
${clientTable(result)}
</section>
${
  result.checkpoints.length > 0 &&
  html`<section>
<h2>Weights that were kept</h2>
<p class="note">Other commands read them with <code>--weights</code>.</p>
<div class="wide"><table>
<thead><tr><th>after round</th><th class="text">file</th><th class="text">SHA-256</th></tr></thead>
<tbody>${result.checkpoints.map(
    ({
      round,
      file,
      sha256,
    }) => html`<tr><td>${grouped(round)}</td><td class="text"><code>${foreign(file)}</code></td><td class="text"><code>${sha256.slice(0, 12)}</code></td></tr>
`,
  )}</tbody>
</table></div>
</section>`
}
<section>
<h2>To reproduce</h2>
${colophon(result, reproduce)}
</section>`,
  );
}

/** What clients would send after some rounds, and what attacks make of it. */
function audits(result: TrainResult): Markup {
  return html`<section>
<h2>What updates gave away on the way</h2>
<p class="note">After each of these rounds attackers received what a client would send then. What did not come back was not recovered by these attacks under these assumptions, which is no proof of safety.</p>
${leakageFigure(result)}
<div class="wide"><table>
<thead><tr><th>after round</th><th class="text">attack</th><th>recovered</th><th>interval</th><th>risk</th><th>mean PSNR, dB</th><th>attacks failed</th></tr></thead>
<tbody>${result.audits.flatMap(({ round, psnr, result: { cells } }) =>
    cells.map(
      ({ attack, recovered, risk, failed }, cell) =>
        html`<tr><td>${grouped(round)}</td><td class="text name"><code>${foreign(attack)}</code></td><td class="strong">${percent(recovered.estimate)}</td><td>${percent(recovered.lower)} – ${percent(recovered.upper)}</td><td>${percent(risk.estimate)}</td><td>${fixed(psnr[cell]!, 1)}</td><td>${failed}</td></tr>
`,
    ),
  )}</tbody>
</table></div>
${result.audits.map(({ round, result }) => html`<p class="note">After round ${grouped(round)}: ${foreign(auditVerdict(result).sentence)}</p>`)}
</section>`;
}

/** At most so many clients have a row of their own. */
const mostRows = 20;

function clientTable({ clients }: TrainResult): Markup {
  const shown = clients.slice(0, mostRows);
  const largest = (labels: readonly number[]): string => {
    const most = Math.max(...labels);
    return `class ${labels.indexOf(most)}, ${percent(most / labels.reduce((a, b) => a + b, 0))}`;
  };
  return html`<div class="wide"><table>
<thead><tr><th>client</th><th>examples</th><th>classes</th><th class="text">most frequent</th></tr></thead>
<tbody>${shown.map(
    (
      { examples, labels },
      i,
    ) => html`<tr><td>${i}</td><td>${grouped(examples)}</td><td>${labels.filter((count) => count > 0).length}</td><td class="text">${largest(labels)}</td></tr>
`,
  )}</tbody>
</table></div>
${clients.length > shown.length && html`<p class="note">and ${counted(clients.length - shown.length, "more client")}.</p>`}`;
}
