import { type AuditResult, anyAttacker } from "../audit/index.ts";
import { certifiedSection } from "./audit-certified.ts";
import { comparisonTable } from "./audit-comparisons.ts";
import { byDefense, quantileTable, shareTable } from "./audit-shares.ts";
import { auditVerdict, intervalWords, limitsBehind, strongest } from "./audit-verdict.ts";
import { colophon } from "./colophon.ts";
import { explainedWords } from "./evidence-words.ts";
import { exampleImages } from "./example-images.ts";
import { definitions, givenRows, radii, trueLawWords } from "./given.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, grouped, percent, significant } from "./numbers.ts";
import { page } from "./page.ts";
import { riskCurves } from "./risk-curves.ts";

/** What the report of an audit is made of. */
export interface AuditReport {
  readonly result: AuditResult;
  /** PNG files by the names that the result has for them. */
  readonly images: ReadonlyMap<string, Uint8Array>;
  /**
   * The command that makes the same result again; without it, the report says that objects were
   * made in code.
   */
  readonly reproduce?: string;
}

/**
 * The report of an audit: one HTML file that needs nothing beside it and no script.
 *
 * @throws LeakageError `file` where an image that the result names is missing.
 */
export function auditReport({ result, images, reproduce }: AuditReport): string {
  const { sentence, detail } = auditVerdict(result);
  const level = `${+(100 * result.confidence).toPrecision(6)} %`;
  return page(
    sentence,
    html`<header>
<p class="eyebrow">Gradleak · risk of reconstruction</p>
<h1>${sentence}</h1>
<p class="lead">${detail}</p>
${facts(result)}
</header>
${result.gate && gate(result.gate)}
<section>
<h2>How much came back</h2>
<p class="note">Intervals: ${intervalWords(result)}, each by itself. A guess without the update stands below the attacks, because an average is near to many originals.${result.nearestPublic && ` Last, how near the nearest public ${result.items} lies, chosen with the original in hand.`}</p>
${shareTable(result)}
</section>
${certifiedSection(result)}<section>
<h2>What limits the attacks</h2>
<p class="note">In a simulation the truth is at hand: the attacker's own objective at the truth is compared with that at its answer. Where it prefers the truth, the search failed; where it does not, the update does not determine the ${result.items} under this assumption. Controls are the same attacks on updates without the defense: an attack that gets nothing there says nothing anywhere.</p>
${limits(result)}
</section>
<section>
<h2>Risk over every δ</h2>
<p class="note">The share of ${result.items}s whose reconstruction is farther than δ from the original. The band of each curve holds at all δ at once with ${level} (Dvoretzky–Kiefer–Wolfowitz, ±${percent(result.band)}).</p>
${riskCurves(result)}
</section>
<section>
<h2>The ${result.items} that came back best</h2>
<p class="note">Of each attack on each defense the one whose reconstruction came nearest: the worst for its owner.</p>
${exampleImages(result, "nearest", images)}
</section>
<section>
<h2>The first ${result.items} that was drawn</h2>
<p class="note">Nobody chose it: what an attack brings back when it is neither at its best nor at its worst.</p>
${exampleImages(result, "first", images)}
</section>
${againstOneAnother(result, level)}${statedProbabilities(result)}
<section>
<h2>Distances</h2>
<p class="note">Quantiles: the distance below which that share of the reconstructions came. A reconstruction that is not a number counts as farther than any.</p>
${quantileTable(result)}
</section>
<section class="given">
<h2>What the attacker was given</h2>
${definitions([...givenRows(result.assumptions, result.items), [result.items === "image" ? "Images" : "Vectors", "Not given: used for nothing but the scores"]])}
${assumed(result)}
${tunings(result.cells)}
</section>
<section>
<h2>What this does not prove</h2>
<div class="caution">${caution}</div>
</section>
<section>
<h2>To reproduce</h2>
${colophon({ ...result, notes: [...result.notes, ...machine(result)] }, reproduce)}
</section>`,
  );
}

/** What keeps each attack from recovering more: numbers, then words for those that it holds back. */
function limits(result: AuditResult): Markup {
  const share = (one: AuditResult["cells"][number]["searchFailed"]) =>
    one === null ? "–" : `${percent(one.estimate)} (${percent(one.lower)} – ${percent(one.upper)})`;
  return html`<div class="wide"><table>
<thead><tr><th class="text">defense</th><th class="text">attack</th><th>attacks failed</th><th>search failed</th><th>undetermined</th><th>explained</th><th>by the truth</th><th>control recovers</th></tr></thead>
<tbody>${result.cells.map(
    (cell) =>
      html`<tr><th class="text name" scope="row"><code>${foreign(cell.defense)}</code></th><td class="text name"><code>${foreign(cell.attack)}</code></td><td>${cell.failed}</td><td>${share(cell.searchFailed)}</td><td>${share(cell.undetermined)}</td><td>${cell.explained === null ? "–" : explainedWords(cell.explained)}</td><td>${cell.explainable === null ? "–" : explainedWords(cell.explainable)}</td><td>${cell.control?.recovered ? percent(cell.control.recovered.estimate) : "–"}</td></tr>
`,
  )}</tbody>
</table></div>
${limitsBehind(result).map(({ defense, attack, words }) => html`<p class="note">Behind <code>${foreign(defense)}</code>, by <code>${foreign(attack)}</code>: ${foreign(words)}</p>`)}`;
}

/** What attacks that draw from a posterior say of it. */
function statedProbabilities({ cells, draws }: AuditResult): Markup | false {
  const all = cells.flatMap((cell) => (cell.sampled ? [{ ...cell, ...cell.sampled }] : []));
  return (
    all.length > 0 &&
    html`<section>
<h2>What the attack expected</h2>
<p class="note">An attack that draws from its posterior states, without the original, how probably its answer lies within δ. Where chains did not mix (R̂ above 1.1), that may be off.</p>
<div class="wide"><table>
<thead><tr><th class="text">defense</th><th class="text">attack</th><th>stated</th><th>recovered</th><th>accepted</th><th>R̂, median</th><th>R̂, largest</th><th>independent draws, median</th><th>not mixed</th></tr></thead>
<tbody>${all.map(
      ({ defense, attack, stated, recovered, acceptance, rHat, effective, unmixed }) =>
        html`<tr><th class="text name" scope="row"><code>${foreign(defense)}</code></th><td class="text name"><code>${foreign(attack)}</code></td><td>${stated === null ? "–" : percent(stated)}</td><td>${percent(recovered.estimate)}</td><td>${percent(acceptance)}</td><td>${significant(rHat.median)}</td><td>${significant(rHat.largest)}</td><td>${significant(effective.median)}</td><td>${unmixed} of ${draws}</td></tr>
`,
    )}</tbody>
</table></div>
</section>`
  );
}

/** Attacks in pairs, where they were tuned alike; where they were not, why there are none. */
function againstOneAnother(result: AuditResult, level: string): Markup | false {
  const { comparisons, cells, items, interval } = result;
  if (comparisons.length > 0)
    return html`<section>
<h2>Attack against attack</h2>
<p class="note">On the same draws, in ${items}s, by attacks that were tuned before with as many candidates on the same draws. Work is evaluations of the objective times the images behind each, with all restarts, points and candidates; where it is unequal, a difference may be one of work. Intervals at ${level}: ${interval === "clopper-pearson" ? "Tango's score interval for shares with McNemar's exact p-value" : "a bootstrap over batches for shares, which has no p-value"}, a bootstrap for distances.</p>
${comparisonTable(result)}
</section>`;
  return (
    cells.length > byDefense(cells).size &&
    html`<section>
<h2>Attack against attack</h2>
<p class="note">These attacks are not compared with one another: which of two settings does better says little about two attacks. Attacks are compared where they were tuned behind the defense with as many candidates, on images that are not scored: <code>gradleak audit --vary</code> does that, and <code>gradleak tune</code> one by one.</p>
</section>`
  );
}

/** How attacks were tuned. */
function tunings(cells: AuditResult["cells"]): Markup | false {
  const tuned = cells.filter((cell) => cell.tuned !== null);
  return (
    tuned.length > 0 &&
    html`<div class="wide"><table>
<thead><tr><th class="text">defense</th><th class="text">attack</th><th class="text">tuned to</th><th class="text">by</th><th>candidates</th><th>draws</th><th class="text">spec of the tuning</th></tr></thead>
<tbody>${tuned.map(
      ({ defense, attack, tuned }) =>
        html`<tr><th class="text name" scope="row"><code>${foreign(defense)}</code></th><td class="text name"><code>${foreign(attack)}</code></td><td class="text name"><code>${foreign(tuned!.attack)}</code></td><td class="text">${tuned!.by === "distance" ? "least mean distance" : "least objective"}</td><td>${tuned!.candidates}</td><td>${tuned!.draws}</td><td class="text"><code>${tuned!.specHash.slice(0, 12)}</code></td></tr>
`,
    )}</tbody>
</table></div>`
  );
}

const caution = html`<p>What did not come back was <em>not recovered by these attacks under these assumptions</em>. That is no proof of safety: another attack, another prior, more steps, more restarts, or knowledge that these attackers lacked may recover it. The intervals are about the draws, not about attacks that were not tried.</p>
<p>What did come back shows what one who holds the update can see. Who is given less than is listed above may see less.</p>`;

function facts(result: AuditResult): Markup {
  const { draws, images, cells, baselines } = result;
  const most = strongest(result).reduce((a, b) => (b.recovered.estimate > a.recovered.estimate ? b : a));
  const guess = Math.max(...baselines.map(({ recovered }) => recovered.estimate));
  const entries: readonly (readonly [string, string] | null)[] = [
    ["independent draws", grouped(draws)],
    images === draws ? null : [`${result.items}s`, grouped(images)],
    ["most recovered, by one attack", percent(most.recovered.estimate)],
    ["upper end of its interval", percent(most.recovered.upper)],
    ["best guess without the update", percent(guess)],
    ["defenses × attacks", `${byDefense(cells).size} × ${cells.length / byDefense(cells).size}`],
    ["attack time of a draw", `${significant(cells.reduce((sum, { seconds }) => sum + seconds, 0) / (draws * cells.length))} s`],
  ];
  return html`<dl class="facts">${entries.map((entry) => entry && html`<div><dt>${entry[0]}</dt><dd>${entry[1]}</dd></div>`)}</dl>`;
}

function gate({ text, verdicts, fails, refused, confidence }: NonNullable<AuditResult["gate"]>): Markup {
  const certified = verdicts.every(({ attack }) => attack === anyAttacker);
  const passed = refused.length > 0 ? "no statement" : "passed";
  return html`<section class="given">
<h2>${refused.length > 0 ? "The gate makes no statement" : `The gate ${fails ? "failed" : "passed"}`}</h2>
${refused.length > 0 && html`<p class="note">${foreign(refused.join(". "))}.</p>`}
<p class="note">${
    certified
      ? html`Fails if <code>${foreign(text)}</code> for what a defense certifies. That is about every attacker, and does not depend on whether the attacks here worked. The interval whose upper end κ is holds with ${+(100 * confidence).toPrecision(6)} %.`
      : html`Fails if <code>${foreign(text)}</code> for the strongest attack on a defense. Each interval holds with ${+(100 * confidence).toPrecision(6)} %, so that those of all attacks on a defense hold together (Bonferroni).`
  }</p>
<dl>${verdicts.map(
    (one) =>
      html`<div><dt><span class="mark${one.fails && " back"}">${one.fails ? "failed" : passed}</span> ${percent(one.value)}</dt><dd>behind <code>${foreign(one.defense)}</code>, by <code>${foreign(one.attack)}</code></dd></div>
`,
  )}</dl>
</section>`;
}

/** What the last digits depend on beside the command. */
const machine = ({ threads, seconds }: AuditResult): readonly string[] => [
  phases(seconds),
  ...(threads.length === 0
    ? []
    : [
        `The runtime had ${threads.join(" or ")} ${threads.join() === "1" ? "thread" : "threads"}; with another number the last digits may differ.`,
      ]),
];

/** Where the time went. */
const phases = (seconds: AuditResult["seconds"]): string =>
  `Seconds: ${Object.entries(seconds)
    .map(([phase, spent]) => `${phase} ${significant(spent)}`)
    .join(", ")}.`;

/** What each attack took for granted, beside what was there. */
function assumed({ cells }: AuditResult): Markup {
  // If labels were given, there is nothing to say about them.
  const reads = cells.some(({ labelAccuracy }) => labelAccuracy !== null);
  return html`<div class="wide"><table>
<thead><tr><th class="text">defense</th><th class="text">attack</th><th class="text">law assumed</th><th class="text">the defense's own law</th><th class="text">prior assumed</th><th class="text">ball</th>${reads && html`<th>labels right</th>`}</tr></thead>
<tbody>${cells.map(
    ({ defense, attack, law, trueLaw, prior, radius, shrunkRadius, points, labelAccuracy }) =>
      html`<tr><th class="text name" scope="row"><code>${foreign(defense)}</code></th><td class="text name"><code>${foreign(attack)}</code></td><td class="text name">${foreign(law)}</td><td class="text name">${trueLaw === null ? "–" : trueLaw.kind === "known" && trueLaw.text === law ? "the same" : trueLawWords(trueLaw)}</td><td class="text name">${foreign(prior)}</td><td class="text name">${radius === 0 ? "a point" : `${counted(points, "point")}, radius ${radii(radius, shrunkRadius)}`}</td>${reads && html`<td>${labelWords(labelAccuracy)}</td>`}</tr>
`,
  )}</tbody>
</table></div>`;
}

const labelWords = (accuracy: AuditResult["cells"][number]["labelAccuracy"]): string =>
  accuracy === null ? "–" : `${percent(accuracy.estimate)} (${percent(accuracy.lower)} to ${percent(accuracy.upper)})`;
