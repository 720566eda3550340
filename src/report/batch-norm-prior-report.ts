import type { BatchNormPriorResult } from "../experiments/index.ts";
import { embeddedPng, read } from "./embedded-png.ts";
import { experimentPage } from "./experiment-page.ts";
import type { ExperimentReport } from "./experiment-telling.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, fixed, percent, signed, significant } from "./numbers.ts";

type Mean = BatchNormPriorResult["difference"];
type Batch = BatchNormPriorResult["batches"][number];
type Tuning = BatchNormPriorResult["tuning"];

const arms = ["without", "with"] as const;
/**
 * An attack explains an update where its matching objective is below this share of that of a
 * gradient of zeros.
 */
const nearly = 0.9;
/**
 * Below this cosine between the updates of neighbors, a search that starts elsewhere has little to
 * follow.
 */
const rugged = 0.8;

/** Whether the batch-norm prior raised mean PSNR, by the interval of the paired difference. */
export function batchNormPriorVerdict({ psnr, difference, better, labelAccuracy, batches, accuracy }: BatchNormPriorResult): {
  readonly sentence: string;
  readonly detail: string;
} {
  const change = `${signed(difference.mean, 2)} dB, from ${fixed(psnr.without.mean, 2)} to ${fixed(psnr.with.mean, 2)}`;
  const compared =
    difference.low > 0
      ? `The batch-norm prior raises mean PSNR: ${change}.`
      : difference.high < 0
        ? `The batch-norm prior does not raise mean PSNR, it lowers it: ${change}.`
        : `The batch-norm prior does not raise mean PSNR beyond chance: ${change}.`;
  const sentence = arms.some((arm) => explained(batches, arm) > 0) ? compared : `${compared} Neither attack explains any of the updates.`;
  const detail = [
    `The difference, image by image, is ${signed(difference.mean, 2)} dB (${range(difference, signed)}) over ${counted(better.of, "image")} in ${batches.length} batches; ${better.images} of them came out nearer with the prior.`,
    guessed(psnr),
    `What came back explains the update better than a gradient of zeros, by a tenth or more, in ${explained(batches, "without")} of ${batches.length} batches without the prior and in ${explained(batches, "with")} with it.`,
    reached(batches),
    neighborhood(batches),
    `The rule that reads labels off the update found ${percent(labelAccuracy)} of them.`,
    `The network classifies ${percent(accuracy.estimate)} of test images as labeled (${percent(accuracy.lower)} to ${percent(accuracy.upper)}).`,
  ].join(" ");
  return { sentence, detail };
}

const range = ({ low, high }: Mean, write: (value: number, decimals: number) => string): string => `${write(low, 2)} to ${write(high, 2)}`;

/** How both attacks stand to one who saw no update. */
function guessed({ without, with: assumed, meanImage }: BatchNormPriorResult["psnr"]): string {
  const guess = `the mean training image, which needs no update, has ${fixed(meanImage.mean, 2)} dB`;
  const above = [without, assumed].filter(({ mean }) => mean > meanImage.mean).length;
  if (above === 2) return `Both attacks are above a guess: ${guess}.`;
  return above === 1 ? `One of the two attacks is above a guess: ${guess}.` : `Neither attack is above a guess: ${guess}.`;
}

/** What the prior asked for, what it got, and what the truth has. */
function reached(batches: readonly Batch[]): string {
  const mean = (of: (statistics: Batch["statistics"]) => number | null) => {
    const known = batches.map(({ statistics }) => of(statistics)).filter((each) => each !== null);
    return known.length === 0 ? "no number" : significant(known.reduce((sum, each) => sum + each, 0) / known.length);
  };
  return `The prior asks that the statistics of a batch be the running ones: the true batches are ${mean(({ truth }) => truth)} from them, what came back without the prior ${mean(({ without }) => without)}, with it ${mean((statistics) => statistics.with)}.`;
}

/**
 * Whether the update changes smoothly around the truth: where it does not, neither prior nor steps
 * help a search from a random start.
 */
function neighborhood(batches: readonly Batch[]): string {
  const mean = batches.reduce((sum, { nearby }) => sum + nearby, 0) / batches.length;
  const told = `The update of the true images under noise of 0.1 standard deviations has a cosine of ${fixed(mean, 2)} with the update`;
  return mean < rugged ? `${told}: a search from a random start has little to follow on this network.` : `${told}.`;
}

/**
 * How many updates an attack explains at all: a comparison in which neither does tells of the
 * priors alone.
 */
const explained = (batches: readonly Batch[], arm: (typeof arms)[number]): number =>
  batches.filter(({ matching }) => matching[arm] !== null && matching[arm] < nearly * matching.nothing).length;

/** The report of that comparison: one HTML file that needs no other file and no script. */
export function batchNormPriorReport({ result, images: pngs, reproduce }: ExperimentReport<BatchNormPriorResult>): string {
  const { sentence, detail } = batchNormPriorVerdict(result);
  return experimentPage(
    { name: "batch-norm prior", sentence, lead: detail },
    html`<section>
<h2>Mean PSNR</h2>
<p class="note">GradInversion attacks the same updates twice, from the same starts: once assuming that the statistics of its guess are the network’s running ones, and once without that. Both were tuned before. Intervals hold ${percent(result.confidence)} for the mean; they are bootstraps over batches, since the images of a batch share an update.</p>
${means(result)}
</section>
<section>
<h2>Batches</h2>
${result.batches.map((batch, i) => strips(batch, i, pngs))}
${table(result.batches)}
</section>
<section>
<h2>Tuning</h2>
${candidates(result.tuning)}
</section>`,
    { result, reproduce },
  );
}

function means({ psnr, difference, attacks }: BatchNormPriorResult): Markup {
  const row = (name: string, mean: Mean, write: typeof fixed | typeof signed, flags?: string) =>
    html`<tr><th class="text name" scope="row">${name}${flags !== undefined && html`<br><code class="note">${foreign(flags)}</code>`}</th><td>${write(mean.mean, 2)} dB</td><td>${write(mean.low, 2)} – ${write(mean.high, 2)}</td></tr>
`;
  return html`<div class="wide"><table>
<thead><tr><th></th><th>mean PSNR</th><th>95 % interval</th></tr></thead>
<tbody>${row("with the prior", psnr.with, fixed, attacks.with)}${row("without it", psnr.without, fixed, attacks.without)}${row("mean training image", psnr.meanImage, fixed)}${row("with minus without, paired", difference, signed)}</tbody>
</table></div>`;
}

/**
 * Of a batch whose images were kept: each original, with what came back without the prior and with
 * it.
 */
function strips({ images }: Batch, i: number, pngs: ReadonlyMap<string, Uint8Array>): Markup | false {
  const kept = images.flatMap(({ files, ...image }) => (files ? [{ ...image, files }] : []));
  return (
    kept.length > 0 &&
    html`<h3 style="margin-top: 24px"><b>Batch ${i}</b> <span class="note">original, without the prior, with it</span></h3>
<div class="pairs">${kept.map(
      ({ index, psnr, files }) =>
        html`<figure><div style="grid-template-columns: repeat(3, minmax(0, 1fr))">${embeddedPng(read(pngs, files.original), `The original of image ${index}`)}${embeddedPng(read(pngs, files.without), `Image ${index} without the prior`)}${embeddedPng(read(pngs, files.with), `Image ${index} with the prior`)}</div>
<figcaption>#${index}: ${fixed(psnr.without, 1)} dB, ${fixed(psnr.with, 1)} dB</figcaption></figure>
`,
    )}</div>
`
  );
}

const table = (batches: readonly Batch[]): Markup => html`<div class="wide"><table>
<thead><tr><th>batch</th><th class="text">images</th><th>PSNR without</th><th>PSNR with</th><th>difference</th><th>labels read</th></tr></thead>
<tbody>${batches.map(({ images, labelsFound }, i) => {
  const mean = (arm: "without" | "with") => images.reduce((sum, { psnr }) => sum + psnr[arm], 0) / images.length;
  return html`<tr><th scope="row">${i}</th><td class="text">${images.map(({ index }) => index).join(", ")}</td><td>${fixed(mean("without"), 2)}</td><td>${fixed(mean("with"), 2)}</td><td>${signed(mean("with") - mean("without"), 2)}</td><td>${labelsFound} of ${images.length}</td></tr>
`;
})}</tbody>
</table></div>
<p class="note" style="margin-top: 24px">Of the same batches: how far a gradient of zeros is from the update, and those of what came back (both attacks minimize this); how far the statistics of the true images are from the running ones, and those of what came back (only one attack minimizes this); and the cosine between the update and that of the true images under noise of 0.1 standard deviations.</p>
<div class="wide"><table>
<thead><tr><th>batch</th><th>update: zeros</th><th>without</th><th>with</th><th>statistics: truth</th><th>without</th><th>with</th><th>cosine nearby</th></tr></thead>
<tbody>${batches.map(
  ({ matching, statistics, nearby }, i) =>
    html`<tr><th scope="row">${i}</th><td>${significant(matching.nothing)}</td><td>${significant(matching.without)}</td><td>${significant(matching.with)}</td><td>${significant(statistics.truth)}</td><td>${significant(statistics.without)}</td><td>${significant(statistics.with)}</td><td>${fixed(nearby, 2)}</td></tr>
`,
)}</tbody>
</table></div>`;

/** What either attack was tried with, on images that are not scored. */
const candidates = ({
  batches,
  candidates,
  specHash,
}: Tuning): Markup => html`<p class="note">Mean PSNR of each candidate on ${counted(batches.length, "update")} of training images: as many candidates for both attacks, the same updates and starts, the best one scored. Spec <code>${specHash.slice(0, 12)}</code>.</p>
<div class="wide"><table>
<thead><tr><th class="text"></th><th>learning rate</th><th>total variation</th><th>prior’s weight</th><th>mean PSNR</th><th class="text"></th></tr></thead>
<tbody>${arms.map((arm) =>
  candidates[arm].map(
    ({ rate, tv, batchNorm, psnr, chosen }) =>
      html`<tr><th class="text" scope="row">${arm === "with" ? "with the prior" : "without it"}</th><td>${String(rate)}</td><td>${String(tv)}</td><td>${arm === "with" ? String(batchNorm) : "–"}</td><td>${psnr === null ? "not a number" : `${fixed(psnr, 2)} dB`}</td><td class="text">${chosen && html`<b>chosen</b>`}</td></tr>
`,
  ),
)}</tbody>
</table></div>`;
