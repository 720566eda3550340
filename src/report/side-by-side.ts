import { askedFor, type ImageResult, type Result } from "../runs/index.ts";
import { aimedAt } from "./aim-words.ts";
import { embeddedPng, read } from "./embedded-png.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, fixed } from "./numbers.ts";
import { isRecovered } from "./verdict.ts";

/** The images of the attack that was asked for, each with that of the adaptive attack. */
function pairs(result: Result): readonly (readonly [ImageResult, ImageResult])[] {
  const others = result.images.filter(({ attack }) => attack === result.adaptive?.attack);
  return askedFor(result).images.flatMap((image, i) => (others[i] ? [[image, others[i]] as const] : []));
}

/** What the adaptive attack came to beside the other one, in sentences; empty if there is none. */
export function adaptiveWords(result: Result): string {
  const { adaptive } = result;
  if (!adaptive) return "";
  const both = pairs(result);
  const back = (which: 0 | 1) => both.filter((pair) => isRecovered(pair[which], result)).length;
  const { gain } = adaptive;
  const range = gain && gain.lower !== null && gain.upper !== null ? ` (95 %: ${fixed(gain.lower, 1)} to ${fixed(gain.upper, 1)})` : "";
  const against = adaptive.targets ? " against the originals" : "";
  const more = gain
    ? ` Image by image its PSNR${against} is ${fixed(Math.abs(gain.estimate), 1)} dB ${gain.estimate < 0 ? "lower" : "higher"}${gain.images > 1 ? " on average" : ""}${range}.`
    : "";
  const { summary } = result;
  const aims =
    summary.targets && adaptive.targets ? [adaptive.targets, summary.targets].map((own) => `, which is after ${aimedAt(own)},`) : ["", ""];
  return `The adaptive attack ${adaptive.attack}${aims[0]} brings back ${back(1)} of ${counted(both.length, "image")}, the attack beside it${aims[1]} ${back(0)}.${more}`;
}

/** Each original with the reconstructions of both attacks; nothing if no adaptive attack ran. */
export function sideBySide(result: Result, pngs: ReadonlyMap<string, Uint8Array>): Markup | undefined {
  const { adaptive } = result;
  if (!adaptive) return undefined;
  const figure = (image: ImageResult, title: string) =>
    html`<figure class="final">${embeddedPng(read(pngs, image.files.reconstruction), `The reconstruction of image ${image.index}, ${title}`)}<figcaption>${title}${image.psnr !== null && html`<br><span>${fixed(image.psnr, 1)} dB</span>`}${image.targets && html`<br>of ${aimedAt(image.targets)}`}</figcaption></figure>`;
  return html`<section>
<h2>With and without knowledge of the defense</h2>
<p class="note">${adaptiveWords(result)} It assumes the law ${adaptive.law} and the prior ${adaptive.prior}. Both attacks saw the same updates. All other numbers of this page are of the attack that was asked for.</p>
${pairs(result).map(
  ([asked, other]) => html`<article class="strip">
<h3><b>#${asked.index}</b> ${asked.className !== null && foreign(asked.className)}</h3>
<div class="frames">
${asked.files.original !== undefined && html`<figure class="original">${embeddedPng(read(pngs, asked.files.original), `The original of image ${asked.index}`)}<figcaption>original</figcaption></figure>`}${asked.files.transformed !== undefined && html`<figure class="original">${embeddedPng(read(pngs, asked.files.transformed), `What the network saw of image ${asked.index}`)}<figcaption>the network saw</figcaption></figure>`}
${figure(asked, "asked for")}${figure(other, "adaptive")}
</div></article>
`,
)}
</section>
`;
}
