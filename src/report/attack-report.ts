import { askedFor, type Result } from "../runs/index.ts";
import { colophon } from "./colophon.ts";
import { curves } from "./curves.ts";
import { differenceNote, filmstrips } from "./filmstrips.ts";
import { given } from "./given.ts";
import { html, type Markup } from "./html.ts";
import { fixed, grouped, significant, spaced } from "./numbers.ts";
import { page } from "./page.ts";
import { privacySection } from "./privacy-words.ts";
import { imageTable, summaryTable } from "./scores.ts";
import { sideBySide } from "./side-by-side.ts";
import { baselineNames, verdict } from "./verdict.ts";

/** What a report is made of. */
export interface AttackReport {
  readonly result: Result;
  /** PNG files by the names that the result has for them. */
  readonly images: ReadonlyMap<string, Uint8Array>;
  /** The command that makes the same result again. */
  readonly reproduce: string;
}

/**
 * The report of an attack: one HTML file that needs nothing beside it and no script.
 *
 * @throws LeakageError `file` where an image that the result names is missing, is not a PNG, or
 * has another size than its original.
 */
export function attackReport({ result: whole, images, reproduce }: AttackReport): string {
  const result = askedFor(whole);
  const { sentence, detail } = verdict(result);
  return page(
    sentence,
    html`<header>
<p class="eyebrow">Gradleak · what an update gives away</p>
<h1>${sentence}</h1>
<p class="lead">${detail}</p>
${facts(result)}
</header>
${sideBySide(whole, images)}<section>
<h2>What came out of the update</h2>
<p class="note">${differenceNote(result)}</p>
${filmstrips(result, images)}
</section>
<section>
<h2>How the attack went</h2>
<div class="curves">${curves(result)}</div>
</section>
<section class="given">
<h2>What the attacker was given</h2>
${given(result)}
</section>
${result.privacy && privacySection(result.privacy)}<section>
<h2>What this does not prove</h2>
<div class="caution">${caution}</div>
</section>
<section>
<h2>Numbers</h2>
<p class="note">PSNR and MSE are of pixels clamped to [0, 1]; SSIM has a Gaussian window of σ 1.5. A guess without the update stands beside the attack, because a blurred average is near to many images.${result.summary.nearestPublic && " The nearest public image is no guess: it is chosen with the original in hand, and says how near public images lie anyway."}</p>
${summaryTable(result)}
${imageTable(result)}
</section>
<section>
<h2>To reproduce</h2>
${colophon(result, reproduce)}
</section>`,
  );
}

const caution = html`<p>An image that did not come back was <em>not recovered by these attacks under these assumptions</em>. That is no proof of safety: another attack, another prior, more steps, more restarts, or knowledge that this attacker lacked may recover it.</p>
<p>An image that did come back shows what one who holds the update can see. Who is given less than is listed above may see less.</p>`;

function facts(result: Result): Markup {
  const { images, summary } = result;
  const { psnr, ssim } = summary.attack;
  const entries: readonly (readonly [string, string] | null)[] = [
    ["images", grouped(images.length)],
    psnr && ["mean PSNR of the attack", `${fixed(psnr.mean, 1)} dB`],
    summary.targets?.original.psnr ? ["mean PSNR against the originals", `${fixed(summary.targets.original.psnr.mean, 1)} dB`] : null,
    summary.targets?.transformed.psnr
      ? ["mean PSNR against what the network saw", `${fixed(summary.targets.transformed.psnr.mean, 1)} dB`]
      : null,
    ...baselineNames(result).map((name) => {
      const guess = summary.baseline[name]?.psnr;
      return guess ? ([`mean PSNR of the ${spaced(name)}, without the update`, `${fixed(guess.mean, 1)} dB`] as const) : null;
    }),
    summary.nearestPublic?.psnr
      ? ["mean PSNR of the nearest public image, chosen by the original", `${fixed(summary.nearestPublic.psnr.mean, 1)} dB`]
      : null,
    ssim && ["mean SSIM of the attack", fixed(ssim.mean, 2)],
    ["most steps", grouped(images.reduce((most, { steps }) => Math.max(most, steps), 0))],
    ["time for an image", `${significant(images.reduce((sum, { seconds }) => sum + seconds, 0) / images.length)} s`],
  ];
  return html`<dl class="facts">${entries.map((entry) => entry && html`<div><dt>${entry[0]}</dt><dd>${entry[1]}</dd></div>`)}</dl>`;
}
