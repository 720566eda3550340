import { type AuditResult, specFieldsOf, validateAuditResult } from "../audit/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { initialTraining, openClassifying, openTraining, type TrainingState } from "../federated/index.ts";
import { type NamedNumbers, sizeOf } from "../graph/index.ts";
import { clopperPearson } from "../metrics/index.ts";
import { variablesOf } from "../models/index.ts";
import { specHash } from "../parts/index.ts";
import { type AuditSpec, auditSpec } from "./audit-spec.ts";
import type { RunEvent, Surroundings } from "./events.ts";
import { prepareAudit } from "./prepare.ts";
import { type Realized, realize } from "./realize.ts";
import type { RealizedTraining } from "./realize-train.ts";
import { safetensorsOf } from "./run-attack.ts";
import { requireRunnable, runAudit } from "./run-audit.ts";
import type { Sources } from "./sources.ts";
import { parseSpec } from "./spec.ts";
import { readText, type Store } from "./store.ts";
import { tensorsIn } from "./tensor-file.ts";
import type { TrainResult } from "./train-result.ts";
import type { TrainSpec } from "./train-spec.ts";
import { type Progress, readProgress, writeProgress } from "./train-state.ts";

/** The file of an unfinished training. */
const stateFile = "state.safetensors";
const checkpointFile = (round: number): string => `checkpoints/round-${round}.safetensors`;
const auditFolder = (round: number): string => `audits/round-${round}/`;

/**
 * When an unfinished training is kept: after so many seconds at least, and after so many times what
 * keeping it took the last time.
 */
const pause = { seconds: 1, times: 20 } as const;

/** The confidence of the accuracy's interval. */
const confidence = 0.95;

/** The weights after some round, as a file. */
interface Checkpoint {
  readonly round: number;
  readonly file: string;
  readonly sha256: string;
  readonly tensors: NamedNumbers;
}

/**
 * Runs a training from beginning to end. What is finished is kept in the store, so a training that
 * was stopped goes on, and ends with the same weights.
 *
 * @throws LeakageError `diverged` if the loss or a weight is not a number any more.
 */
export async function* runTraining(
  ready: RealizedTraining,
  sources: Sources,
  store: Store,
  surroundings: Surroundings,
): AsyncGenerator<RunEvent, TrainResult> {
  const { spec, model, federation, weights, test } = ready;
  const { machine, versions } = surroundings;
  const { rounds, audit } = spec;
  const first = initialTraining(federation, weights);
  const variables = variablesOf(model);
  const tensorsOf = (state: TrainingState): NamedNumbers =>
    new Map(variables.map(({ name, shape }) => [name, { shape, data: state.weights[name]! }]));
  const checkpoints: Checkpoint[] = [];
  const kept = async (round: number, bytes: Uint8Array): Promise<Checkpoint> => {
    const file = checkpointFile(round);
    const found = { round, file, ...tensorsIn(bytes, file) };
    checkpoints.push(found);
    return found;
  };
  const keep = async (state: TrainingState): Promise<Checkpoint> => {
    const bytes = safetensorsOf(tensorsOf(state));
    await store.write(checkpointFile(state.round), bytes);
    return kept(state.round, bytes);
  };

  const audited = new Set(audit?.rounds);
  const chosen = new Set([...audited, ...(spec.checkpoints ?? []), rounds]);
  const audits: { readonly round: number; readonly result: AuditResult }[] = [];
  let { state, measured, ...earlier } = await begun(store, first, chosen);
  const losses = [...earlier.losses];
  /** The first round after this one at which something is measured or kept. */
  const nextStop = (round: number): number => {
    const kept = [...chosen].filter((each) => each > round);
    return Math.min(...kept, (Math.floor(round / spec.evaluate) + 1) * spec.evaluate);
  };
  for (const round of [...chosen].filter((each) => each < state.round).sort((a, b) => a - b)) {
    const checkpoint = await kept(round, (await store.read(checkpointFile(round)))!);
    if (audited.has(round)) audits.push({ round, result: yield* auditAt(ready, checkpoint, sources, store, surroundings) });
  }

  const training = await openTraining(federation);
  const classifying = await openClassifying(federation, test);
  const measure = async (): Promise<number> => {
    const known = measured.find(({ round }) => round === state.round);
    if (known) return known.correct;
    const correct = await classifying.correct(state.weights);
    measured = [...measured, { round: state.round, correct }];
    return correct;
  };
  let last = state;
  let saved = machine.clock();
  let wait: number = pause.seconds;
  let blocked: TrainResult["blocked"] = null;
  const notes = [...ready.notes, ...movedNotes(spec)];
  const diverged = async (what: string): Promise<never> => {
    const good = allFinite(state) ? state : last;
    await keep(good);
    throw new LeakageError(
      "diverged",
      `The training diverged: ${what}. The weights after round ${good.round} are kept in ${checkpointFile(good.round)} of the result's folder; take a smaller --rate.`,
    );
  };
  try {
    for (;;) {
      const { round } = state;
      const measures = round % spec.evaluate === 0 || round === rounds;
      if ((measures || chosen.has(round)) && !allFinite(state)) await diverged(`after round ${round} a weight is not a finite number`);
      if (measures) {
        const accuracy = (await measure()) / test.count;
        yield { kind: "measured", round, of: rounds, loss: losses.at(-1) ?? null, accuracy };
      }
      if (chosen.has(round)) {
        const checkpoint = await keep(state);
        if (audited.has(round)) {
          const result = yield* auditAt(ready, checkpoint, sources, store, surroundings);
          audits.push({ round, result });
          yield { kind: "audited", round, result };
          const { gate } = result;
          const failed = gate?.verdicts.find(({ fails }) => fails);
          if (gate && failed) {
            blocked = { round, gate: gate.text, value: failed.value };
            break;
          }
        }
      }
      if (round === rounds) break;
      let outcome = await training.rounds(state, nextStop(round));
      // Which of several rounds went wrong is found one by one.
      if (!outcome.losses.every(Number.isFinite)) outcome = await training.round(state);
      const loss = outcome.losses.at(-1)!;
      if (!Number.isFinite(loss)) await diverged(`the loss of round ${round + 1} is ${loss}`);
      [last, state] = [state, outcome.state];
      losses.push(...outcome.losses);
      yield { kind: "training", tick: { step: state.round, of: rounds, objective: () => loss } };
      const now = machine.clock();
      if (now - saved < wait) continue;
      await store.write(stateFile, writeProgress({ state, losses, measured }));
      saved = machine.clock();
      wait = Math.max(pause.seconds, pause.times * (saved - now));
    }
    const correct = await measure();
    const counted = new Map(measured.map((each) => [each.round, each.correct / test.count]));
    for (const { round, result } of audits)
      for (const reason of result.gate?.refused ?? [])
        notes.push(`The audit after round ${round} makes no statement, so it blocked nothing: ${reason}`);
    return {
      format: "gradleak-train-1",
      command: "train",
      ...specFieldsOf(spec, versions),
      rounds: [null, ...losses].map((loss, round) => ({ round, loss, accuracy: counted.get(round) ?? null })),
      accuracy: clopperPearson(correct, test.count, confidence),
      confidence,
      testExamples: test.count,
      clients: federation.partition.map((positions) => ({ examples: positions.length, labels: labelCounts(ready, positions) })),
      checkpoints: checkpoints.map(({ round, file, sha256 }) => ({ round, file, sha256 })),
      audits: audits.map(({ round, result }) => ({ round, psnr: meanPsnr(result, sizeOf(model.shape)), result })),
      blocked,
      notes,
    };
  } finally {
    await training.dispose();
    await classifying.dispose();
  }
}

/** What an earlier run left, or the beginning. */
async function begun(store: Store, first: TrainingState, chosen: ReadonlySet<number>): Promise<Progress> {
  const begin: Progress = { state: first, losses: [], measured: [] };
  const bytes = await store.read(stateFile);
  const found = bytes && readProgress(bytes, first, stateFile);
  if (!found) return begin;
  for (const round of chosen) if (round < found.state.round && !(await store.read(checkpointFile(round)))) return begin;
  return found;
}

const allFinite = ({ weights }: TrainingState): boolean => Object.values(weights).every((data) => data.every(Number.isFinite));

/** The number of examples of each class among some. */
function labelCounts({ federation: { examples, model } }: RealizedTraining, positions: readonly number[]): number[] {
  const counts = new Array<number>(model.classes).fill(0);
  for (const position of positions) counts[examples.label!(position)]!++;
  return counts;
}

/** The mean PSNR of each cell, over images whose reconstruction is a number. */
function meanPsnr({ items, cells, data, assumptions }: AuditResult, size: number): (number | null)[] {
  return cells.map((_, cell) => {
    if (items !== "image" || assumptions.deltaSpace !== "pixel") return null;
    const found = data.flatMap(({ distances }) => distances[cell]!.flatMap((distance) => distance ?? []));
    if (found.length === 0) return null;
    return found.reduce((sum, distance) => sum + Math.min(400, -10 * Math.log10(distance ** 2 / size)), 0) / found.length;
  });
}

/** The spec of the audit of weights, as `gradleak audit` takes it. */
function auditOf(
  { command: _, version, data, client, clients, partition, defense, seed, audit, taking }: TrainSpec,
  sha256: string,
): unknown {
  const { rounds: _rounds, batch, mode, of, ...audited } = audit!;
  return {
    ...audited,
    command: "audit",
    version,
    seed,
    // The hashes of a folder are those of the images that are used, and an audit uses others.
    data: { set: data.set, split: "train" },
    clients: { count: clients, partition, examples: data.examples, together: of === "aggregate" ? taking : 1 },
    client: {
      model: client.model,
      weights: { kind: "file", sha256 },
      mode,
      loss: client.loss,
      batch: of === "aggregate" ? taking * client.batch : batch,
    },
    defenses: [defense],
  };
}

/** The audit of a checkpoint as objects, with sources that have its weights. */
async function auditReady(
  { spec }: RealizedTraining,
  { sha256, tensors, file }: Omit<Checkpoint, "round">,
  sources: Sources,
  { machine }: Surroundings,
): Promise<{ readonly ready: Realized<AuditSpec>; readonly own: Sources }> {
  const own: Sources = {
    ...sources,
    tensors: async (what, asked) => (what === "weights" && asked === sha256 ? { tensors, source: file } : sources.tensors(what, asked)),
  };
  const ready = await realize(await prepareAudit(parseSpec(auditSpec, auditOf(spec, sha256)), own), own, machine);
  return { ready, own };
}

/**
 * Refuses audits of a training that could not run.
 *
 * @throws LeakageError `spec` for a protocol or a defense whose updates they cannot attack, and
 * for anything that an audit refuses.
 */
export async function requireAudits(ready: RealizedTraining, sources: Sources, surroundings: Surroundings): Promise<void> {
  const { spec, weights } = ready;
  if (!spec.audit) return;
  requireOneStep(spec);
  if (spec.audit.of === "aggregate" && ready.federation.defense.steps.length > 0)
    throw new LeakageError(
      "spec",
      "--audit-of aggregate attacks the mean of bare gradients, which is that of one large batch; behind a defense the law of the mean is another one, so give --audit-of client.",
    );
  const checkpoint = { sha256: "0".repeat(64), file: "the weights before the first round", tensors: weights };
  const { ready: audit, own } = await auditReady(ready, checkpoint, sources, surroundings);
  await requireRunnable(audit, own, surroundings);
}

/** Why attacks on gradients are attacks on what clients of FedAvg send. */
const movedNotes = ({ protocol, audit }: TrainSpec): readonly string[] =>
  audit && protocol.kind === "fed-avg"
    ? [
        `Attacked clients take one local step and send minus ${protocol.rate} times a gradient; the attacker knows the rate and divides by it.`,
      ]
    : [];

/**
 * Refuses audits of what is not a gradient. One local step moves the weights by minus the local
 * rate, which the attacker knows, times a gradient, so the move tells the gradient.
 */
function requireOneStep({ protocol, audit, client, defense }: TrainSpec): void {
  if (protocol.kind === "fed-sgd") return;
  const { batch, of } = audit!;
  const steps = protocol.passes * Math.ceil(batch / client.batch);
  if (steps > 1)
    throw new LeakageError(
      "spec",
      `--audit attacks gradients, and with --protocol fed-avg a client takes ${steps} local steps over a batch of ${batch} and sends their sum: give --local-passes 1 and an --audit-batch of at most ${client.batch}, so that it takes one.`,
    );
  if (of === "aggregate")
    throw new LeakageError(
      "spec",
      "--audit-of aggregate does not fit --protocol fed-avg, whose mean weighs clients by their examples: give --audit-of client.",
    );
  if (defenses.build(defense).steps.length > 0)
    throw new LeakageError(
      "spec",
      "With --protocol fed-avg a defense acts on how far the weights moved, and --audit attacks the bare gradient behind one local step: give --defense none, or --protocol fed-sgd.",
    );
}

/** Audits the weights after a round, or reads the audit that an earlier run finished. */
async function* auditAt(
  training: RealizedTraining,
  checkpoint: Checkpoint,
  sources: Sources,
  store: Store,
  surroundings: Surroundings,
): AsyncGenerator<RunEvent, AuditResult> {
  const folder = auditFolder(checkpoint.round);
  const { ready, own } = await auditReady(training, checkpoint, sources, surroundings);
  const hash = specHash(ready.spec);
  const text = await readText(store, `${folder}result.json`);
  const before = text === undefined ? undefined : finished(text, hash);
  if (before) return before;
  const inside: Store = { read: (name) => store.read(folder + name), write: (name, content) => store.write(folder + name, content) };
  const result = yield* runAudit(ready, own, inside, surroundings, 0);
  await inside.write("result.json", `${JSON.stringify(result)}\n`);
  return result;
}

/** A finished audit with this hash; undefined for anything else. */
function finished(text: string, hash: string): AuditResult | undefined {
  try {
    const result = validateAuditResult(JSON.parse(text), "result.json");
    return result.specHash === hash ? result : undefined;
  } catch (error) {
    if (error instanceof LeakageError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
