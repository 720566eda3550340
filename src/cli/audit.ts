import pc from "picocolors";
import { attacks } from "../attacks/index.ts";
import {
  type AuditChunk,
  type AuditRun,
  type AuditSpec,
  attackName,
  auditChunk,
  auditResult,
  auditSpec,
  cellsOf,
  type DrawRange,
  defenseName,
  drawPlaces,
  drawsOf,
  examplesOf,
  gateOf,
  gray,
  guessesFrom,
  measuredIn,
  modelFor,
  most,
  nearestFiles,
  nearestOf,
  nearestPublic,
  parseSpec,
  readAuditChunk,
  rehearse,
  requireStatistics,
  validateAuditResult,
} from "../audit/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { fromBase64 } from "../formats/index.ts";
import { models } from "../models/index.ts";
import { priors } from "../priors/index.ts";
import { auditReport, auditVerdict } from "../report/index.ts";
import { concise, specHash } from "../spec/index.ts";
import { auditTable } from "./audit-table.ts";
import { type Console, consoleFor, duration } from "./console.ts";
import { type DataFlags, dataSpec, dataWords, openExamples } from "./data.ts";
import { type ClientFlags, wholeNumber } from "./flags.ts";
import { ResultFolder } from "./folder.ts";
import { completed, drive, machineOf, scoreOf, weightsOf, weightWords } from "./run.ts";
import { quoted } from "./shell.ts";
import { chosenAttacks } from "./tuned.ts";
import { versions } from "./version.ts";

/** Flags of a command that attacks images drawn at random. */
export interface DrawFlags extends ClientFlags, DataFlags {
  readonly defense: readonly string[];
  readonly attack?: readonly string[];
  readonly tuned?: readonly string[];
  readonly samples: string;
  readonly labels: "known" | "recovered" | "joint";
  readonly chunk: string;
  readonly lanes: string;
}

export interface AuditFlags extends DrawFlags {
  readonly failIf?: string;
}

/** `gradleak audit`. Returns whether the gate, if there is one, failed. */
export async function audit(flags: AuditFlags): Promise<boolean> {
  const tell = consoleFor(flags.json === true);
  // All that can be wrong is said before any work starts.
  const { run: asked, notes } = await prepare(flags);
  const { spec, dataset } = asked;
  const hash = specHash(spec);
  const folder = await ResultFolder.open(flags.out ?? `out/audit-${hash.slice(0, 12)}`, hash, spec);
  const cells = cellsOf(spec);
  tell.event("start", { specHash: hash, draws: spec.samples, cells: cells.length });
  tell.line(
    `${pc.bold("gradleak")} audits ${spec.samples} ${spec.client.batch === 1 ? "draws" : `batches of ${spec.client.batch}`} of ${flags.data} on ${concise(models, spec.client.model)}: ${spec.defenses.length} × ${spec.attacks.length} defenses × attacks`,
  );
  const run = await completed(tell, asked);
  const chunks: AuditChunk[] = [];
  for (const [i, range] of drawsOf(spec).entries()) chunks.push(await finishedChunk(tell, folder, run, range, i));
  const model = modelFor(spec, { ...dataset, classes: dataset.classes.length });
  const result = validateAuditResult(
    auditResult({
      spec,
      model,
      classes: dataset.classes,
      chunks,
      versions,
      notes,
      ...(run.examples ? { examples: run.examples } : {}),
    }),
    "the result",
  );
  const pictures = new Map<string, Uint8Array>();
  for (const [cell, nearest] of nearestOf(chunks).entries()) {
    const { original, reconstruction } = nearestFiles(cell);
    for (const [name, base64] of [original, reconstruction].map((name, i) => [name, nearest?.pictures?.[i]] as const))
      if (base64 !== undefined) pictures.set(name, fromBase64(base64, name));
  }
  for (const [name, png] of pictures) await folder.write(name, png);
  await folder.write("result.json", `${JSON.stringify(result)}\n`);
  await folder.write("report.html", auditReport({ result, pictures, reproduce: reproduce(flags, spec) }));
  tell.line(`\n${auditTable(result)}\n`);
  for (const { defense, attack, value, fails } of result.gate?.verdicts ?? [])
    tell.line(
      `${fails ? pc.red("gate failed") : pc.green("gate passed")} ${result.gate!.text}: ${(100 * value).toFixed(1)} % behind ${defense}, by ${attack}`,
    );
  tell.line(auditVerdict(result).sentence);
  tell.line(`\n${folder.at("report.html")}\n${pc.dim(`${folder.at("result.json")}  spec ${hash.slice(0, 12)}`)}`);
  tell.event("result", { ...result });
  return result.gate?.fails ?? false;
}

/** Everything that an audit needs, opened and checked. */
export async function prepare(flags: AuditFlags): Promise<{ run: AuditRun; notes: readonly string[] }> {
  const machine = await machineOf(flags);
  const chosen = await chosenAttacks(flags);
  const parts = {
    model: models.parse(flags.model),
    defenses: flags.defense.map((defense) => defenses.parse(defense)),
    ...chosen,
    ...priorOf(flags, chosen.attacks),
  };
  const seed = wholeNumber(flags.seed, "--seed", 0);
  const sizes = {
    samples: wholeNumber(flags.samples, "--samples", 1, most.samples),
    chunk: wholeNumber(flags.chunk, "--chunk", 1, most.samples),
    lanes: wholeNumber(flags.lanes, "--lanes", 1, most.lanes),
  };
  const batch = wholeNumber(flags.batch, "--batch", 1, 4096);
  const { dataset, publicSet } = await openExamples(flags);
  if (dataset.classes.length < 2)
    throw new LeakageError(
      "spec",
      `--data ${flags.data} has no labels, and a client's loss needs at least two classes; put its pictures into subfolders, one a class.`,
    );
  const model = modelFor({ client: { model: parts.model } }, { ...dataset, classes: dataset.classes.length });
  const { weights, recorded, notes: aboutWeights } = await weightsOf(flags, model, seed);
  const spec = parseSpec(auditSpec, {
    // A folder is known by its drawn pictures; the pass over them also finds those that cannot be read.
    data: dataSpec(flags, dataset, drawn(seed, sizes.samples, batch, dataset.size)),
    client: { model: parts.model, ...recorded, mode: flags.mode, batch },
    defenses: parts.defenses,
    attacks: parts.attacks,
    ...(parts.tuned.length === 0 ? {} : { tuned: parts.tuned }),
    ...(parts.prior ? { prior: parts.prior } : {}),
    labels: flags.labels,
    score: scoreOf(flags, dataset.shape),
    ...sizes,
    ...(flags.failIf === undefined ? {} : { failIf: flags.failIf }),
    seed,
  });
  gateOf(spec);
  const examples = publicSet && examplesOf(publicSet);
  requireStatistics(spec, model, examples);
  rehearse(spec, model, weights, examples);
  const measured = measuredIn(spec, model);
  const guesses = publicSet
    ? guessesFrom({ examples: publicSet, knowsLabels: spec.labels === "known", measured, delta: spec.score.delta })
    : [gray(dataset.shape.reduce((a, b) => a * b))];
  const untuned = spec.attacks.length > 1 && (spec.tuned?.length ?? 0) < spec.attacks.length ? [aboutTuning] : [];
  const notes = [...dataset.notes, ...aboutWeights, ...untuned];
  const neighbors = publicSet ? { nearestPublic: nearestPublic(publicSet, measured) } : {};
  return { run: { spec, dataset, weights, guesses, ...neighbors, machine, ...(examples ? { examples } : {}) }, notes };
}

/** What a comparison of attacks is worth that were not tuned. */
const aboutTuning =
  "Not all attacks were tuned by equal budgets on draws that are not scored (gradleak tune): their comparison is one of these settings, not of what each attack can do.";

/** The prior that is stated, or else that of a set whose density is known, where an attack leaves it open. */
function priorOf({ prior, data }: AuditFlags, chosen: readonly AuditSpec["attacks"][number][]) {
  const open = chosen.filter((attack) => !attacks.build(attack).fixesPrior);
  if (prior !== undefined && open.length === 0)
    throw new LeakageError(
      "spec",
      `--prior ${prior} does not fit --attack ${chosen.map(attackName).join(" and ")}: each has a prior of its own.`,
    );
  if (prior !== undefined) return { prior: priors.parse(prior) };
  return open.length > 0 && /^gaussian(:|$)/.test(data) ? { prior: priors.parse("gaussian") } : {};
}

/** Every image that is drawn, once. */
function* drawn(seed: number, samples: number, batch: number, size: number): Generator<number> {
  const seen = new Set<number>();
  for (let i = 0; i < samples; i++)
    for (const place of drawPlaces(seed, i, batch, size)) {
      if (!seen.has(place)) yield place;
      seen.add(place);
    }
}

/** A chunk of draws: from its file where an earlier run finished it, else made now. */
export async function finishedChunk(tell: Console, folder: ResultFolder, run: AuditRun, range: DrawRange, i: number): Promise<AuditChunk> {
  const file = `draws/${i}.json`;
  const stored = await folder.read(file);
  const finished = stored && readAuditChunk(new TextDecoder().decode(stored), range);
  if (finished) return finished;
  const draws = `draws ${range.from}–${range.to - 1} of ${run.spec.samples}`;
  const made = await drive(
    tell,
    ({ cell }) => `${draws}, ${defenseName(cell.defense)} × ${attackName(cell.attack)}`,
    auditChunk(run, range),
  );
  await folder.write(file, JSON.stringify(made));
  const seconds = made.seconds.reduce((sum, cell) => sum + cell, 0);
  tell.event("draws", { from: range.from, to: range.to, seconds });
  tell.line(`${draws}  ${duration(seconds)}`);
  return made;
}

/** The command that makes this result again. */
function reproduce(flags: AuditFlags, spec: AuditSpec): string {
  const words = [
    "gradleak audit",
    ...dataWords(flags),
    "--model",
    quoted(concise(models, spec.client.model)),
    ...weightWords(flags, spec.client),
    "--mode",
    spec.client.mode,
    "--batch",
    String(spec.client.batch),
    ...spec.defenses.flatMap((defense) => ["--defense", quoted(defenseName(defense))]),
    ...(flags.attack ?? []).flatMap((attack) => ["--attack", quoted(attackName(attacks.parse(attack)))]),
    ...(flags.tuned ?? []).flatMap((file) => ["--tuned", quoted(file)]),
    ...(spec.prior === undefined ? [] : ["--prior", quoted(concise(priors, spec.prior))]),
    "--labels",
    spec.labels,
    "--delta",
    String(spec.score.delta),
    "--delta-space",
    spec.score.deltaSpace,
    "--samples",
    String(spec.samples),
    "--chunk",
    String(spec.chunk),
    "--lanes",
    String(spec.lanes),
    ...(spec.failIf === undefined ? [] : ["--fail-if", quoted(spec.failIf)]),
    "--seed",
    String(spec.seed),
  ];
  return words.join(" ");
}
