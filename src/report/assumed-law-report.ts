import type { AssumedLawResult } from "../experiments/index.ts";
import { exampleImages } from "./example-images.ts";
import { experimentPage } from "./experiment-page.ts";
import type { ExperimentReport } from "./experiment-telling.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, percent, signed, significant } from "./numbers.ts";
import { tunedWords } from "./tuned-words.ts";

type Audit = AssumedLawResult["audits"][number]["audit"];
type Panel = AssumedLawResult["audits"][number]["panel"];

/**
 * An attacker that assumes another law than the true one, and how much farther from the original it
 * ends.
 */
interface Wrong {
  readonly law: string;
  /**
   * Mean distance of this one minus that of the attacker that assumes what is true, draw by draw.
   */
  readonly farther: { readonly mean: number; readonly low: number; readonly high: number } | null;
}

/** The attackers of an audit that are wrong, in order; the first cell is the one that is right. */
const wrongsOf = ({ cells, comparisons }: Audit): readonly Wrong[] =>
  cells.slice(1).map(({ attack, law }) => {
    // The comparison is of the first minus the second.
    const distance = comparisons.find(({ first, second }) => first === cells[0]!.attack && second === attack)?.distance;
    return { law, farther: distance ? { mean: -distance.estimate, low: -distance.upper, high: -distance.lower } : null };
  });

const meanDistance = ({ data }: Audit, cell: number): number | null => {
  const distances = data.flatMap((draw) => draw.distances[cell]!);
  return distances.includes(null) ? null : distances.reduce<number>((sum, distance) => sum + distance!, 0) / distances.length;
};

/** How often the attacker that is right came closer, beyond chance, and how often it did not. */
export function assumedLawVerdict({ audits }: AssumedLawResult): { readonly sentence: string; readonly detail: string } {
  const panels = [...new Set(audits.map(({ panel }) => panel))];
  const told = panels.map((panel) => {
    const wrongs = audits.filter((one) => one.panel === panel).flatMap(({ audit }) => wrongsOf(audit));
    const closer = wrongs.filter(({ farther }) => farther !== null && farther.low > 0).length;
    const beaten = wrongs.filter(({ farther }) => farther !== null && farther.high < 0).length;
    return { panel, of: wrongs.length, closer, beaten };
  });
  const all = told.every(({ of, closer }) => closer === of);
  return {
    sentence: all
      ? "The attacker that assumes the true law comes closest, behind every defense."
      : `The attacker that assumes the true law comes closest beyond chance in ${told.map(({ panel, of, closer }) => `${closer} of ${of} comparisons on ${panel}`).join(" and ")}.`,
    detail: told.map(detailOf).join(" "),
  };
}

interface Told {
  readonly panel: Panel;
  readonly of: number;
  readonly closer: number;
  readonly beaten: number;
}

function detailOf({ panel, of, closer, beaten }: Told): string {
  const rest = of - closer - beaten;
  const parts = [
    `${closer} ended farther from the original, by paired differences beyond chance`,
    ...(beaten > 0 ? [`${beaten} nearer`] : []),
    ...(rest > 0 ? [`${rest} cannot be told apart by these draws`] : []),
  ];
  return `On ${panel}, of ${counted(of, "attacker")} that assumed something else, ${parts.join("; ")}.`;
}

const headings: Readonly<Record<Panel, string>> = { vectors: "Vectors whose density is known", images: "Images" };

/** The report of that comparison: one HTML file that needs no other file and no script. */
export function assumedLawReport({ result, images: pngs, reproduce }: ExperimentReport<AssumedLawResult>): string {
  const { sentence, detail } = assumedLawVerdict(result);
  const panels = [...new Set(result.audits.map(({ panel }) => panel))];
  return experimentPage(
    { name: "assumed laws", sentence, lead: detail },
    html`${panels.map((panel) =>
      section(
        panel,
        result.audits.flatMap((one) => (one.panel === panel ? [one.audit] : [])),
        pngs,
      ),
    )}`,
    { result, reproduce },
  );
}

function section(panel: Panel, audits: readonly Audit[], pngs: ReadonlyMap<string, Uint8Array>): Markup {
  const { assumptions, draws, confidence, baselines, cells } = audits[0]!;
  const level = `${+(100 * confidence).toPrecision(6)} %`;
  const tuning = cells[0]!.tuned!;
  return html`<section>
<h2>${headings[panel]}</h2>
<p class="note">${counted(draws, "draw")} behind each defense, on <code>${foreign(assumptions.model)}</code>; recovered within δ = ${significant(assumptions.delta)}. Of ${tuning.candidates} candidates an attacker, each on ${counted(tuning.draws, "draw")} that are not scored, the one with the least mean distance was taken. Differences are paired, with ${level} bootstrap intervals; shares have Clopper–Pearson intervals. The mean example, which needs no update, comes within δ of ${percent(baselines[0]!.recovered.estimate)}.</p>
<div class="wide"><table>
<thead><tr><th class="text">assumed law</th><th class="text">tuned to</th><th>mean distance</th><th>farther than with the true law</th><th>recovered</th><th>interval</th></tr></thead>
${audits.map(rows)}
</table></div>
${remarks(audits)}
${
  panel === "images" &&
  html`<h3 style="margin-top: 24px"><b>The first image that was drawn</b> <span class="note">original and reconstruction</span></h3>
${audits.map(
  (audit) => html`<p class="note" style="margin: 18px 0 0">behind <code>${foreign(audit.cells[0]!.defense)}</code>, assuming</p>
${exampleImages(audit, "first", pngs, ({ law }) => foreign(law))}`,
)}`
}
</section>`;
}

/** What audits say about their numbers: choices at the end of what was tried. */
function remarks(audits: readonly Audit[]): Markup | false {
  const all = new Set(audits.flatMap(({ notes }) => notes));
  return (
    all.size > 0 &&
    html`<details><summary>Remarks on these numbers</summary>
${[...all].map((note) => html`<p class="note">${foreign(note)}</p>`)}</details>`
  );
}

function rows(audit: Audit): Markup {
  const wrongs = wrongsOf(audit);
  return html`<tbody><tr><th class="group" colspan="6" scope="rowgroup">behind <code>${foreign(audit.cells[0]!.defense)}</code></th></tr>
${audit.cells.map(({ law, tuned, recovered }, i) => {
  const { farther } = wrongs[i - 1] ?? { farther: null };
  const difference = farther ? `${signed(farther.mean, 3)} (${signed(farther.low, 3)} to ${signed(farther.high, 3)})` : "–";
  return html`<tr><th class="text name" scope="row">${foreign(law)}${i === 0 && html`<br><span class="mark back">the true law</span>`}</th><td class="text"><code>${tunedWords({ tuned })}</code></td><td class="strong">${significant(meanDistance(audit, i))}</td><td>${difference}</td><td>${percent(recovered.estimate)}</td><td>${percent(recovered.lower)} – ${percent(recovered.upper)}</td></tr>
`;
})}</tbody>
`;
}
