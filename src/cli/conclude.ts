import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import { hasFailed } from "../adversary/index.ts";
import { type AuditResult, type PrivacyStated, validateAuditResult } from "../audit/index.ts";
import { printable, type RasterImage } from "../formats/index.ts";
import type { PartSpec } from "../parts/index.ts";
import {
  adaptiveWords,
  aimWords,
  attackReport,
  auditReport,
  auditVerdict,
  certifiedLines,
  epsilonWords,
  explainsLittle,
  explanationWords,
  likelyCauses,
  limitsBehind,
  mechanismWords,
  terminalImages,
  trainReport,
  trainVerdict,
  verdict,
} from "../report/index.ts";
import {
  assumedIn,
  attackName,
  type ImageResult,
  type Result,
  type RunResult,
  type TrainResult,
  type Tuned,
  validateResult,
  validateTrainResult,
} from "../runs/index.ts";
import { auditTable, unequalWork } from "./audit-table.ts";
import { type Console, duration } from "./console.ts";
import type { ResultFolder } from "./folder.ts";

const decibels = (value: number | null): string => (value === null ? "–" : `${value.toFixed(1)} dB`);

/**
 * One line per image: how near its reconstruction is, how near one comes without the update, and
 * how near public images lie.
 */
function imageLine(image: ImageResult, adaptive: boolean): string {
  const name = `image ${image.index}${image.className === null ? "" : ` (${printable(image.className)})`}`;
  const reading = image.labelReading;
  const label = reading === null ? "" : `  label ${image.assumedLabel} by ${reading.rule}${reading.faint ? pc.yellow(", uncertain") : ""}`;
  const stopped = image.stopped === null ? "" : pc.yellow(`  ${hasFailed(image.stopped) ? "failed" : "ended"}: ${image.stopped}`);
  const explained = `  ${explanationWords(image)}`;
  const { targets } = image;
  const both = targets
    ? `  (after ${aimWords[targets.aim]}; PSNR ${decibels(targets.transformed.psnr)} of what the network saw, ${decibels(targets.original.psnr)} of the original)`
    : "";
  const ssim = image.ssim === null ? "–" : image.ssim.toFixed(3);
  const baseline = Object.entries(image.baseline).map(([guess, { psnr }]) => `${guess} ${decibels(psnr)}`);
  const beside = baseline.length > 0 ? `  without the update: ${baseline.join(", ")}` : "";
  const nearest = image.nearestPublic ? `; nearest public image, chosen by the original: ${decibels(image.nearestPublic.psnr)}` : "";
  return `${pc.bold(name)}${adaptive ? "  adaptive attack" : ""}  PSNR ${decibels(image.psnr)}  SSIM ${ssim}${both}${label}  ${duration(image.seconds)}${explainsLittle(image) ? pc.yellow(explained) : explained}${stopped}${pc.dim(beside + nearest)}`;
}

/**
 * Reports one finished image, with original and reconstruction side by side if the terminal shows
 * colors.
 */
export function tellImage(tell: Console, image: ImageResult, rasters: ReadonlyMap<string, RasterImage>, adaptive = false): void {
  tell.event("image", { ...image });
  tell.line(imageLine(image, adaptive));
  const shown = [image.files.original, image.files.transformed, image.files.reconstruction].flatMap(
    (file) => rasters.get(file ?? "") ?? [],
  );
  if (process.stderr.isTTY && pc.isColorSupported && shown.every(({ width }) => width <= 48)) tell.line(terminalImages(...shown));
}

/**
 * Writes result.json and the report of a run, and prints their summary.
 *
 * @returns the exit code, which is 1 if a gate failed or stopped a training, and 4 if it can make no statement.
 */
export async function conclude(tell: Console, folder: ResultFolder, result: RunResult, reproduce: string): Promise<number> {
  if (result.format === "gradleak-tuned-2") concludeTuning(tell, folder, result);
  else if (result.command === "train") await concludeTraining(tell, folder, result, reproduce);
  else if (result.command === "audit") await concludeAudit(tell, folder, result, reproduce);
  else await concludeAttack(tell, folder, result, reproduce);
  tell.event("result", { ...result });
  if ("blocked" in result) return result.blocked ? 1 : 0;
  if (!("gate" in result) || !result.gate) return 0;
  return result.gate.fails ? 1 : result.gate.refused.length > 0 ? 4 : 0;
}

/** Prints the place of a result. */
function tellPlace(tell: Console, folder: ResultFolder, specHash: string | null): void {
  tell.line(`\n${folder.at("report.html")}\n${pc.dim(`${folder.at("result.json")}  spec ${specHash?.slice(0, 12)}`)}`);
}

/** The PNG files of a result that exist. */
async function imagesOf(folder: ResultFolder, names: readonly (string | undefined)[]): Promise<Map<string, Uint8Array>> {
  const images = new Map<string, Uint8Array>();
  for (const name of names) {
    const png = name === undefined ? undefined : await folder.read(name);
    if (png) images.set(name!, png);
  }
  return images;
}

async function concludeAttack(tell: Console, folder: ResultFolder, result: Result, reproduce: string): Promise<void> {
  validateResult(result, "the result");
  await folder.write("result.json", `${JSON.stringify(result, null, 2)}\n`);
  const names = result.images.flatMap(({ files }) => [
    files.original,
    files.transformed,
    files.reconstruction,
    ...files.snapshots.map(({ file }) => file),
  ]);
  await folder.write("report.html", attackReport({ result, images: await imagesOf(folder, names), reproduce }));
  const { attack } = result.summary;
  const { targets } = result.summary;
  if (attack.psnr) tell.line(`\n${pc.bold("mean")}  PSNR ${decibels(attack.psnr.mean)}  SSIM ${attack.ssim?.mean.toFixed(3) ?? "–"}`);
  if (targets)
    tell.line(
      `mean PSNR  ${decibels(targets.transformed.psnr?.mean ?? null)} of what the network saw, ${decibels(targets.original.psnr?.mean ?? null)} of the originals`,
    );
  const { labelAccuracy } = result.summary;
  if (labelAccuracy !== null) tell.line(`labels right: ${(100 * labelAccuracy).toFixed(1)} %`);
  for (const warning of result.notes.filter((note) => note.startsWith("Warning: "))) tell.line(pc.yellow(warning));
  tell.line(stripVTControlCharacters(verdict(result).sentence));
  if (result.privacy) tellPrivacy(tell, result.privacy);
  if (result.adaptive) tell.line(stripVTControlCharacters(adaptiveWords(result)));
  if (result.command === "invert" && result.images.some(explainsLittle)) tell.line(pc.yellow(likelyCauses));
  const assumed = assumedIn(result);
  if (assumed.length > 0) tell.line("\nassumed of the client (if one of these is wrong, so is the answer):");
  for (const [term, text] of assumed) tell.line(`  ${term.padEnd(15)}${text}`);
  tellPlace(tell, folder, result.specHash);
  if ((result.spec?.data as { readonly set?: { readonly kind?: string } } | undefined)?.set?.kind === "shapes") tell.line(next);
}

/** What to try after the images that ship with the program. */
const next = `
Try next, on real images:
  gradleak data fetch cifar10
  gradleak attack --data cifar10 --images 0-3 --model convbig --attack inverting-gradients:steps=1000,tv=4e-4,tvNorm=squared
  gradleak attack --data YOUR_FOLDER --classes 10 --images 0-3 --model convbig --attack inverting-gradients --defense gaussian:sigma=0.01
(in a clone of the repository, gradleak is: node dist/cli/main.js)`;

async function concludeAudit(tell: Console, folder: ResultFolder, result: AuditResult, reproduce: string): Promise<void> {
  validateAuditResult(result, "the result");
  await folder.write("result.json", `${JSON.stringify(result)}\n`);
  const names = result.cells.flatMap(({ nearest, first }) =>
    [nearest, first].flatMap((example) => [example?.files?.original, example?.files?.reconstruction]),
  );
  await folder.write("report.html", auditReport({ result, images: await imagesOf(folder, names), reproduce }));
  tell.line(`\n${auditTable(result)}\n`);
  for (const line of unequalWork(result)) tell.line(pc.yellow(line));
  for (const { defense, attack, words } of limitsBehind(result))
    tell.line(stripVTControlCharacters(`behind ${defense}, by ${attack}: ${words}`));
  for (const line of certifiedLines(result)) tell.line(stripVTControlCharacters(line));
  for (const warning of result.notes.filter((note) => note.startsWith("Warning: "))) tell.line(pc.yellow(printable(warning)));
  const refused = result.gate?.refused ?? [];
  const passed = refused.length > 0 ? pc.yellow("no statement") : pc.green("gate passed");
  for (const { defense, attack, value, fails } of result.gate?.verdicts ?? [])
    tell.line(
      `${fails ? pc.red("gate failed") : passed} ${result.gate!.text}: ${(100 * value).toFixed(1)} % behind ${defense}, by ${attack}`,
    );
  for (const reason of refused) tell.line(stripVTControlCharacters(`no statement: ${reason}`));
  tell.line(stripVTControlCharacters(auditVerdict(result).sentence));
  tellPlace(tell, folder, result.specHash);
}

async function concludeTraining(tell: Console, folder: ResultFolder, result: TrainResult, reproduce: string): Promise<void> {
  validateTrainResult(result, "the result");
  await folder.write("result.json", `${JSON.stringify(result)}\n`);
  await folder.write("report.html", trainReport({ result, reproduce }));
  const { sentence, detail } = trainVerdict(result);
  tell.line(`\n${result.blocked ? pc.red(sentence) : pc.bold(sentence)}\n${detail}`);
  if (result.privacy) tellPrivacy(tell, result.privacy);
  for (const note of result.notes) tell.line(pc.yellow(printable(note)));
  const last = result.checkpoints.at(-1);
  if (last) tell.line(`weights after round ${last.round}: ${folder.at(last.file)}`);
  tellPlace(tell, folder, result.specHash);
}

/** Prints the differential privacy of what was sent, with what it takes for granted. */
function tellPrivacy(tell: Console, privacy: PrivacyStated): void {
  tell.line(`${pc.bold(epsilonWords(privacy))}\n  ${mechanismWords(privacy)}`);
  for (const sentence of privacy.assumptions) tell.line(pc.dim(`  ${sentence}`));
}

function concludeTuning(tell: Console, folder: ResultFolder, tuned: Tuned): void {
  const order = tuned.candidates
    .map(({ attack, ...each }) => ({ ...each, name: attackName(attack as PartSpec) }))
    .sort((a, b) => (a.score ?? Infinity) - (b.score ?? Infinity));
  for (const { name, score, lower, upper } of order.slice(0, 10)) {
    const told = score === null ? "not a number" : `${score.toPrecision(4)}  [${lower!.toPrecision(4)}, ${upper!.toPrecision(4)}]`;
    tell.line(`${told}  ${name}`);
  }
  tell.line(`\nleast ${tuned.by === "distance" ? "mean distance" : "objective"}: ${pc.bold(order[0]!.name)}`);
  const file = folder.at("tuned.json");
  tell.line(`${file}  ${pc.dim(`spec ${tuned.specHash.slice(0, 12)}; use it with --tuned ${file}`)}`);
}
