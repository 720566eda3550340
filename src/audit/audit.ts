import type { Dataset } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { fromBase64 } from "../formats/index.ts";
import { type KeyBits, keyFromSeed } from "../random/index.ts";
import { measuredIn, requireScenario, type Scenario } from "../scenario/index.ts";
import { type AuditTick, auditChunk, cellsOf, type DrawRun, type Machine } from "./audit-chunk.ts";
import type { AuditResult } from "./audit-result.ts";
import { type AuditChunk, readAuditChunk } from "./chunk.ts";
import { chunksOf } from "./draws.ts";
import { parseGate, requireUsefulGate } from "./gate.ts";
import { gray, guessesFrom } from "./guesses.ts";
import { nearestPublic } from "./nearest-public.ts";
import { sizesFor } from "./sizing.ts";
import { exampleFiles, examplesShown, type FinishedDraws, shownExamples, summarizeDraws } from "./summary.ts";

/**
 * Where finished chunks are kept, so that an audit that was stopped goes on from there. Names are
 * those of files, parts joined by "/".
 */
export interface ChunkStore {
  read(name: string): Promise<string | undefined>;
  write(name: string, finished: AuditChunk): Promise<void>;
}

/** Keeps nothing. */
export const nowhere: ChunkStore = { read: async () => undefined, write: async () => {} };

/** What an audit is made of. */
export interface AuditInput {
  /** One a defense. They share the client, the size of a batch, the labels and the score. */
  readonly scenarios: readonly Scenario[];
  /** The private examples, of which batches are drawn. */
  readonly data: Dataset<readonly number[]>;
  /** Examples that are public, of the other split: guesses without the update are made of them. */
  readonly publicData?: Dataset<readonly number[]>;
  /** N, the batches that are drawn. */
  readonly samples: number;
  /** All randomness follows from it; 0 unless stated. */
  readonly seed?: number;
  /** Draws that one program attacks together; chosen by the size of the network unless stated. */
  readonly lanes?: number;
  /** Draws that are finished, and kept, together; chosen unless stated. */
  readonly chunk?: number;
  /** Two-sided, of each interval by itself; 0.95 unless stated. */
  readonly confidence?: number;
  /** The gate, as `recovered > 0.05`. */
  readonly failIf?: string;
  readonly machine?: Machine;
  /** What a reader must know besides, in sentences. */
  readonly notes?: readonly string[];
}

/** What an audit made. */
export interface Audited {
  readonly result: AuditResult;
  /** PNG files by the names that the result has for them. */
  readonly images: ReadonlyMap<string, Uint8Array>;
}

/** A machine without a clock: it measures no times. */
const timeless: Machine = { clock: () => 0 };

/**
 * Audits scenarios that were made by hand: draws batches, simulates their updates behind each
 * defense, attacks them, and states the risk with intervals. Its result has no spec, since nothing
 * but the code makes the objects again.
 *
 * @throws LeakageError `spec` for what does not fit, before any work starts.
 */
export async function* audit(input: AuditInput, store = nowhere): AsyncGenerator<AuditTick, Audited> {
  const { scenarios, data, samples, seed = 0, confidence = 0.95, failIf, machine = timeless, notes = [] } = input;
  requireAudit({ scenarios, samples, confidence, ...(failIf === undefined ? {} : { failIf }) });
  const began = machine.clock();
  const root = keyFromSeed(seed);
  const run: DrawRun = { ...drawRun({ ...input, root }), machine };
  const preparing = machine.clock() - began;
  const chunks = yield* auditDraws(run, store, "draws");
  const summary = summarizeDraws({
    scenarios,
    classes: data.classes,
    chunks,
    lanes: run.lanes,
    root,
    confidence,
    notes: [...data.notes, ...notes],
    seconds: { preparing, tuning: 0 },
    ...(failIf === undefined ? {} : { failIf }),
  });
  return {
    result: { format: "gradleak-audit-2", command: "audit", spec: null, specHash: null, seed, versions: {}, ...summary },
    images: shownImages(chunks),
  };
}

/**
 * Refuses scenarios that cannot be audited together.
 *
 * @throws LeakageError `spec` for a name that is given twice, clusters too few to resample, a gate
 * that is not one or would say the same whatever is measured, and whatever {@link requireScenario}
 * refuses.
 */
export function requireAudit({
  scenarios,
  samples,
  confidence,
  failIf,
}: {
  readonly scenarios: readonly Scenario[];
  readonly samples: number;
  readonly confidence: number;
  readonly failIf?: string;
}): void {
  requireOnce(
    "defense",
    scenarios.map(({ defense }) => defense.name),
  );
  for (const { attacks } of scenarios)
    requireOnce(
      "attack",
      attacks.map(({ name }) => name),
    );
  for (const scenario of scenarios) requireScenario(scenario);
  const { batchSize } = scenarios[0]!;
  if (batchSize > 1 && samples < 2)
    throw new LeakageError("spec", `Intervals over batches of ${batchSize} need at least 2 of them; got --samples ${samples}.`);
  if (failIf === undefined) return;
  const most = Math.max(...scenarios.map(({ attacks }) => attacks.length));
  requireUsefulGate(parseGate(failIf), samples, confidence, most);
}

function requireOnce(what: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new LeakageError("spec", `--${what} ${twice} is given twice; give each once.`);
}

/**
 * The draws of an audit with what stands next to its attacks: what is guessed without an update,
 * and what public examples there are.
 */
export function drawRun({
  scenarios,
  data,
  publicData,
  samples,
  lanes,
  chunk,
  root,
}: Omit<AuditInput, "seed"> & { readonly root: KeyBits }): Omit<DrawRun, "machine"> {
  const { labels, score } = scenarios[0]!;
  const sizes = sizesFor(scenarios, samples, { lanes, chunk });
  const run = { scenarios, dataset: data, samples, root, ...sizes };
  if (!publicData) return { ...run, guesses: [gray(data.shape.reduce((a, b) => a * b))] };
  const measured = measuredIn(scenarios[0]!);
  return {
    ...run,
    guesses: guessesFrom({ examples: publicData, knowsLabels: labels === "known", measured, delta: score.delta }),
    nearestPublic: nearestPublic(publicData, measured),
  };
}

/** All draws of a run, chunk by chunk; those that are kept already are not made again. */
export async function* auditDraws(run: DrawRun, store: ChunkStore, folder: string): AsyncGenerator<AuditTick, readonly AuditChunk[]> {
  const cells = cellsOf(run).length;
  const chunks: AuditChunk[] = [];
  for (const [i, range] of chunksOf(run).entries()) {
    const name = `${folder}/${i}.json`;
    const kept = await store.read(name);
    let chunk = kept === undefined ? undefined : readAuditChunk(kept, range, cells);
    if (!chunk) {
      chunk = yield* auditChunk(run, range);
      await store.write(name, chunk);
    }
    chunks.push(chunk);
  }
  return chunks;
}

/** The reconstructions that each cell shows, and their originals: PNG files by name. */
export function shownImages(chunks: FinishedDraws["chunks"]): ReadonlyMap<string, Uint8Array> {
  const shown = examplesShown(chunks);
  return new Map(
    shownExamples.flatMap((which) =>
      shown[which].flatMap((example, cell) => {
        const { original, reconstruction } = exampleFiles(which, cell);
        return [original, reconstruction].flatMap((name, i): [string, Uint8Array][] => {
          const base64 = example?.images?.[i];
          return base64 === undefined ? [] : [[name, fromBase64(base64, name)]];
        });
      }),
    ),
  );
}
