import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import { type ImageResult, type Result, validateResult } from "../audit/index.ts";
import { type Picture, printable } from "../formats/index.ts";
import { attackReport, terminalPicture, verdict } from "../report/index.ts";
import { type Console, duration } from "./console.ts";
import type { ResultFolder } from "./folder.ts";

const decibels = (value: number | null): string => (value === null ? "–" : `${value.toFixed(1)} dB`);

/** One line a picture: how near it came, how near one comes without the update, and how near public pictures lie. */
function imageLine(image: ImageResult): string {
  const name = `image ${image.index}${image.className === null ? "" : ` (${printable(image.className)})`}`;
  const stopped = image.stopped === null ? "" : pc.yellow(` stopped: ${image.stopped}`);
  const ssim = image.ssim === null ? "–" : image.ssim.toFixed(3);
  const baseline = Object.entries(image.baseline).map(([guess, { psnr }]) => `${guess} ${decibels(psnr)}`);
  const beside = baseline.length > 0 ? `  without the update: ${baseline.join(", ")}` : "";
  const nearest = image.nearestPublic ? `; nearest public image, chosen by the original: ${decibels(image.nearestPublic.psnr)}` : "";
  return `${pc.bold(name)}  PSNR ${decibels(image.psnr)}  SSIM ${ssim}  ${duration(image.seconds)}${stopped}${pc.dim(beside + nearest)}`;
}

/** Tells about one finished picture, with original and reconstruction side by side where the terminal shows colors. */
export function tellImage(tell: Console, image: ImageResult, pictures: ReadonlyMap<string, Picture>): void {
  tell.event("image", { ...image });
  tell.line(imageLine(image));
  const shown = [image.files.original, image.files.reconstruction].flatMap((file) => pictures.get(file ?? "") ?? []);
  if (process.stderr.isTTY && pc.isColorSupported && shown.every(({ width }) => width <= 48)) tell.line(terminalPicture(...shown));
}

/** Writes result.json and the report, and ends with what they say. */
export async function conclude(tell: Console, folder: ResultFolder, result: Result, reproduce: string): Promise<void> {
  validateResult(result, "the result");
  await folder.write("result.json", `${JSON.stringify(result, null, 2)}\n`);
  const pictures = new Map<string, Uint8Array>();
  for (const { files } of result.images)
    for (const file of [files.original, files.reconstruction, ...files.snapshots.map((snapshot) => snapshot.file)]) {
      const png = file === undefined ? undefined : await folder.read(file);
      if (png) pictures.set(file!, png);
    }
  await folder.write("report.html", attackReport({ result, pictures, reproduce }));
  const { attack } = result.summary;
  if (attack.psnr) tell.line(`\n${pc.bold("mean")}  PSNR ${decibels(attack.psnr.mean)}  SSIM ${attack.ssim?.mean.toFixed(3) ?? "–"}`);
  tell.line(stripVTControlCharacters(verdict(result).sentence));
  tell.line(`\n${folder.at("report.html")}\n${pc.dim(`${folder.at("result.json")}  spec ${result.specHash.slice(0, 12)}`)}`);
  tell.event("result", { ...result });
}
