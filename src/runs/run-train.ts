import { type AuditResult, specFieldsOf } from "../audit/index.ts";
import { LeakageError } from "../errors.ts";
import { initialTraining, openClassifying, openTraining, type TrainingState } from "../federated/index.ts";
import { type NamedNumbers, sizeOf } from "../graph/index.ts";
import { clopperPearson, psnrAt } from "../metrics/index.ts";
import { variablesOf } from "../models/index.ts";
import { auditAt, type Checkpoint, movedNotes } from "./audit-training.ts";
import type { RunEvent, Surroundings } from "./events.ts";
import type { RealizedTraining } from "./realize-train.ts";
import { safetensorsOf } from "./run-attack.ts";
import type { Sources } from "./sources.ts";
import type { Store } from "./store.ts";
import { tensorsIn } from "./tensor-file.ts";
import { trainedPrivacy } from "./train-privacy.ts";
import type { TrainResult } from "./train-result.ts";
import { type Progress, readProgress, writeProgress } from "./train-state.ts";

/** The file of an unfinished training. */
const stateFile = "state.safetensors";
const checkpointFile = (round: number): string => `checkpoints/round-${round}.safetensors`;

/**
 * When an unfinished training is kept: after so many seconds at least, and after so many times what
 * keeping it took the last time.
 */
const pause = { seconds: 1, times: 20 } as const;

/** The confidence of the accuracy's interval. */
const confidence = 0.95;

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
    const privacy = trainedPrivacy(spec, federation, state.round);
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
      ...(privacy ? { privacy } : {}),
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
    return found.reduce((sum, distance) => sum + psnrAt(distance, size), 0) / found.length;
  });
}
