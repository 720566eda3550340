import pc from "picocolors";
import { attacks } from "../attacks/index.ts";
import {
  type AuditInput,
  type AuditSpec,
  attackName,
  audit as auditAll,
  auditRun,
  auditSpec,
  defenseName,
  drawPlaces,
  examplesOf,
  gateOf,
  modelFor,
  most,
  parseSpec,
  rehearse,
  requireStatistics,
  tuningsOf,
  validateAuditResult,
} from "../audit/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { models } from "../models/index.ts";
import { concise, specHash } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { auditReport, auditVerdict } from "../report/index.ts";
import { auditTable } from "./audit-table.ts";
import { type TuningFlags, tuningOf } from "./audit-tuning.ts";
import { consoleFor } from "./console.ts";
import { type DataFlags, dataSpec, dataWords, openExamples } from "./data.ts";
import { drawStore, drawsDoing } from "./draw-store.ts";
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

export interface AuditFlags extends DrawFlags, TuningFlags {
  readonly failIf?: string;
}

/** `gradleak audit`. Returns whether the gate, if there is one, failed. */
export async function audit(flags: AuditFlags): Promise<boolean> {
  const tell = consoleFor(flags.json === true);
  // All that can be wrong is said before any work starts.
  const { notes, ...input } = await prepare(flags);
  const { spec, publicSet } = input;
  const asked = auditRun(input);
  const hash = specHash(spec);
  const folder = await ResultFolder.open(flags.out ?? `out/audit-${hash.slice(0, 12)}`, hash, spec);
  tell.event("start", { specHash: hash, draws: spec.samples, cells: asked.cells.length });
  tell.line(
    `${pc.bold("gradleak")} audits ${spec.samples} ${spec.client.batch === 1 ? "draws" : `batches of ${spec.client.batch}`} of ${flags.data} on ${concise(models, spec.client.model)}: ${spec.defenses.length} × ${spec.attacks.length} defenses × attacks`,
  );
  const run = await completed(tell, asked);
  const whole = { run, versions, notes, ...(publicSet ? { publicSet } : {}) };
  const { result, pictures } = await drive(tell, drawsDoing, auditAll(whole, drawStore(tell, folder)));
  validateAuditResult(result, "the result");
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

/**
 * Everything that an audit needs, opened and checked.
 *
 * @param tunes whether the images are tuned on: then what is estimated from images is estimated from them, since those of the other split are the ones to be scored.
 */
export async function prepare(flags: AuditFlags, tunes = false): Promise<AuditInput & { readonly notes: readonly string[] }> {
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
  const opened = await openExamples(flags);
  const { dataset, publicSet } = opened;
  if (dataset.classes.length < 2)
    throw new LeakageError(
      "spec",
      `--data ${flags.data} has no labels, and a client's loss needs at least two classes; put its pictures into subfolders, one a class${/^(train|test)$/.test(dataset.classes[0]!) ? `, and those into train and test: only ${dataset.classes[0]} has pictures` : ""}.`,
    );
  const model = modelFor({ client: { model: parts.model } }, { ...dataset, classes: dataset.classes.length });
  const { weights, recorded, notes: aboutWeights } = await weightsOf(flags, model, seed);
  const tuning = tuningOf(flags, publicSet !== undefined);
  const spec = parseSpec(auditSpec, {
    // A folder is known by its drawn pictures; the pass over them also finds those that cannot be read.
    data: dataSpec(flags, opened, drawn(seed, sizes.samples, batch, dataset.size)),
    client: { model: parts.model, ...recorded, mode: flags.mode, batch },
    defenses: parts.defenses,
    attacks: parts.attacks,
    ...(parts.tuned.length === 0 ? {} : { tuned: parts.tuned }),
    ...(parts.prior ? { prior: parts.prior } : {}),
    labels: flags.labels,
    score: scoreOf(flags, dataset.shape),
    ...sizes,
    ...(flags.failIf === undefined ? {} : { failIf: flags.failIf }),
    ...(tuning ? { tuning } : {}),
    seed,
  });
  gateOf(spec);
  const known = tunes ? dataset : publicSet;
  const examples = known && examplesOf(known);
  requireStatistics(spec, model, examples);
  for (const each of [spec, ...tuningsOf(spec)]) rehearse(each, model, weights, examples);
  const notes = [...dataset.notes, ...aboutWeights];
  return { spec, dataset, weights, machine, notes, ...(publicSet ? { publicSet } : {}) };
}

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
    ...(flags.vary ?? []).flatMap((each) => ["--vary", quoted(each)]),
    ...(spec.tuning
      ? ["--tuning-samples", String(spec.tuning.samples), "--budget", String(spec.tuning.budget), "--by", spec.tuning.by]
      : []),
    ...(spec.failIf === undefined ? [] : ["--fail-if", quoted(spec.failIf)]),
    "--seed",
    String(spec.seed),
  ];
  return words.join(" ");
}
