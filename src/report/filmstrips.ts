import { decodePng, encodePng } from "../formats/index.ts";
import type { ImageResult, Result } from "../runs/index.ts";
import { aimedAt, aimOf } from "./aim-words.ts";
import { difference, differenceGain } from "./difference.ts";
import { embeddedPng, read } from "./embedded-png.ts";
import { foreign, html, type Markup } from "./html.ts";
import { fixed, grouped } from "./numbers.ts";
import { isRecovered } from "./verdict.ts";

/** Images of the way to the reconstruction, beside the reconstruction itself. */
const framesBefore = 4;
/** Images whose way is shown open; those of the others unfold. */
const openStrips = 12;

interface Frame {
  readonly label: string;
  readonly file: string;
  readonly psnr: number | null;
}

/** Of each image: the original, then reconstruction over difference at several steps. */
export function filmstrips(result: Result, pngs: ReadonlyMap<string, Uint8Array>): Markup {
  const strips = result.images.map((image) => filmstrip(image, result, pngs));
  const rest = strips.slice(openStrips);
  return html`${strips.slice(0, openStrips)}
${rest.length > 0 && html`<details><summary>The other ${rest.length} images</summary>${rest}</details>`}`;
}

/** What the colors of a difference mean. */
export const differenceNote = (result: Result): string =>
  `With each reconstruction stands its difference from ${aimedAt(aimOf(result))}: gray where they agree, brighter or darker where the reconstruction is, exaggerated ×${differenceGain}.`;

function filmstrip(image: ImageResult, result: Result, pngs: ReadonlyMap<string, Uint8Array>): Markup {
  const { original, transformed } = image.files;
  const name = `image ${image.index}`;
  const target = image.targets?.aim === "transformed" ? transformed : original;
  const known = image.distance !== null;
  const back = isRecovered(image, result);
  return html`<article class="strip">
<h3><b>#${image.index}</b> ${image.className !== null && foreign(image.className)}
${known && html`<span class="mark${back && " back"}">${back ? "came back" : "did not come back"}</span>`}
${image.stopped !== null && html`<span class="mark">stopped: ${image.stopped}</span>`}
<span class="scores">${known && html`<span>${fixed(image.psnr, 1)} dB</span>${image.ssim !== null && html` <span>SSIM ${fixed(image.ssim, 2)}</span>`}`}${image.targets && html` <span>${fixed(image.targets.transformed.psnr, 1)} dB of what the network saw, ${fixed(image.targets.original.psnr, 1)} dB of the original</span>`}</span></h3>
<div class="frames">
${original !== undefined && html`<figure class="original">${embeddedPng(read(pngs, original), `The original of ${name}`)}<figcaption>original</figcaption></figure>`}${transformed !== undefined && html`<figure class="original">${embeddedPng(read(pngs, transformed), `What the network saw of ${name}`)}<figcaption>the network saw</figcaption></figure>`}
${frames(image).map((frame, i, all) => frameFigure(frame, i === all.length - 1, name, target, pngs))}
</div></article>
`;
}

function frameFigure(
  { label, file, psnr }: Frame,
  last: boolean,
  name: string,
  target: string | undefined,
  pngs: ReadonlyMap<string, Uint8Array>,
): Markup {
  const guess = read(pngs, file);
  const off = target !== undefined && difference(decodePng(read(pngs, target), target), decodePng(guess, file), file);
  return html`<figure class="${last ? "final" : "frame"}">${embeddedPng(guess, `The reconstruction of ${name}, ${label}`)}${off && embeddedPng(encodePng(off), `Its difference from ${target?.startsWith("transformed") ? "what the network saw" : "the original"}, ${label}`)}
<figcaption>${label}${psnr !== null && html`<br><span>${fixed(psnr, 1)} dB</span>`}</figcaption></figure>`;
}

/**
 * A few snapshots, about evenly spaced in the order of magnitude of their step, and the
 * reconstruction.
 */
function frames({ files, trajectory, psnr, steps }: ImageResult): Frame[] {
  const before = files.snapshots.filter(({ step }) => step < steps);
  const psnrAt = new Map(trajectory.map((moment) => [moment.step, moment.psnr]));
  const wanted = Array.from({ length: framesBefore }, (_, i) => steps ** (i / framesBefore));
  const distance = (step: number, to: number) => Math.abs(Math.log(Math.max(1, step) / to));
  const chosen = new Set(wanted.flatMap((to) => [...before].sort((a, b) => distance(a.step, to) - distance(b.step, to)).slice(0, 1)));
  return [
    ...before
      .filter((snapshot) => chosen.has(snapshot))
      .map(({ step, file }) => ({ label: `step ${grouped(step)}`, file, psnr: psnrAt.get(step) ?? null })),
    { label: "reconstruction", file: files.reconstruction, psnr },
  ];
}
