import {
  type AuditChunk,
  type AuditResult,
  type AuditTick,
  auditDraws,
  type ChunkStore,
  certify,
  type DrawRun,
  drawRun,
  requireAudit,
  shownImages,
  specFieldsOf,
  summarizeDraws,
} from "../audit/index.ts";
import { datasets } from "../data/index.ts";
import { type KeyBits, keyFromSeed } from "../random/index.ts";
import type { AuditSpec } from "./audit-spec.ts";
import { endsReached, tunedCells, tuningsOf } from "./audit-tuning.ts";
import type { RunEvent, Surroundings } from "./events.ts";
import { prepareTune } from "./prepare.ts";
import { type Realized, realize } from "./realize.ts";
import type { Sources } from "./sources.ts";
import { readText, type Store } from "./store.ts";
import { type Tuned, type TuneSpec, tuned, tuningRoot } from "./tuning.ts";

/** Runs draws with a store and reports progress. */
async function* draws(run: DrawRun, store: Store, folder: string, tuning: boolean): AsyncGenerator<RunEvent, readonly AuditChunk[]> {
  const finished: AuditChunk[] = [];
  const chunks: ChunkStore = {
    read: (name) => readText(store, name),
    write: async (name, chunk) => {
      await store.write(name, JSON.stringify(chunk));
      finished.push(chunk);
    },
  };
  const running: AsyncGenerator<AuditTick, readonly AuditChunk[]> = auditDraws(run, chunks, folder);
  for (;;) {
    const next = await running.next();
    for (const chunk of finished.splice(0)) yield { kind: "draws", chunk, tuning };
    if (next.done) return next.value;
    const { cell, draws: range, ...tick } = next.value;
    yield { kind: "drawing", cell, draws: range, tick };
  }
}

/** The draws of a realized spec. */
function drawsOf(
  { spec, data, publicData, holders, scenarios }: Realized<AuditSpec | TuneSpec>,
  root: KeyBits,
  { machine }: Surroundings,
): DrawRun {
  const { samples, lanes, chunk } = spec;
  const open = spec.command === "tune" || !publicData ? {} : { publicData };
  const scores = spec.command === "audit";
  const evidence = { control: scores && spec.control, diagnosed: scores };
  const held = spec.command === "audit" && holders ? { holders } : {};
  const run = { ...drawRun({ scenarios, data, ...held, samples, lanes, chunk, root, ...open, ...evidence }), machine };
  // A tuning scores nothing, so it needs no guesses.
  return scores ? run : { ...run, guesses: [] };
}

/** Tries the candidates of a tuning on its draws and chooses the best one. */
export async function* runTune(
  realized: Realized<TuneSpec>,
  store: Store,
  surroundings: Surroundings,
  folder = "",
): AsyncGenerator<RunEvent, Tuned> {
  const { spec } = realized;
  const chunks = yield* draws(drawsOf(realized, tuningRoot(spec.seed), surroundings), store, `${folder}draws`, true);
  const result = tuned(spec, chunks);
  await store.write(`${folder}tuned.json`, `${JSON.stringify(result, null, 2)}\n`);
  yield { kind: "tuned", tuned: result };
  return result;
}

/** The δ of differential privacy that a spec states. */
const stated = ({ dpDelta }: AuditSpec) => (dpDelta === undefined ? {} : { dpDelta });

/**
 * From how many public examples κ is bounded. Official files have many at hand. Those that are drawn
 * take time, and of a folder the spec identifies only the first ones.
 */
const publicOf = ({ data: { set } }: AuditSpec) => (typeof datasets.build(set).reads === "object" ? { mostPublic: 2000 } : {});

/**
 * Refuses an audit that could not finish, or whose gate's verdict does not depend on the
 * measurements.
 *
 * @throws LeakageError `spec` for the audit or one of its tunings.
 */
export async function requireRunnable(
  { spec, scenarios, data, publicData }: Realized<AuditSpec>,
  sources: Sources,
  { machine }: Surroundings,
): Promise<void> {
  const { samples, confidence, failIf } = spec;
  requireAudit({
    scenarios,
    data,
    ...(publicData ? { publicData } : {}),
    samples,
    confidence,
    ...stated(spec),
    ...(failIf === undefined ? {} : { failIf }),
  });
  for (const tuning of tuningsOf(spec)) await realize(await prepareTune(tuning, sources), sources, machine);
}

/**
 * Runs an audit from beginning to end. It tunes its attacks if the spec says so, each behind each
 * defense, then scores them on the same draws. The result follows from finished chunks alone.
 *
 * @param preparing the seconds that were spent before.
 */
export async function* runAudit(
  realized: Realized<AuditSpec>,
  sources: Sources,
  store: Store,
  surroundings: Surroundings,
  preparing: number,
): AsyncGenerator<RunEvent, AuditResult> {
  const { spec, data } = realized;
  const { machine, versions } = surroundings;
  const began = machine.clock();
  const tunings: Tuned[] = [];
  for (const [i, tuning] of tuningsOf(spec).entries()) {
    const own = await realize(await prepareTune(tuning, sources), sources, machine);
    // What was tried before is kept in its draws: the choice is made again from them.
    tunings.push(yield* runTune(own, store, surroundings, `tuning/${i}/`));
  }
  const tuning = machine.clock() - began;
  const cells = tunedCells(spec, tunings);
  const ready = tunings.length > 0 ? await realize(realized, sources, machine, cells) : realized;
  const root = keyFromSeed(spec.seed);
  const run = drawsOf(ready, root, surroundings);
  const chunks = yield* draws(run, store, "draws", false);
  const summary = summarizeDraws({
    controls: run.controls,
    acceptFailed: spec.acceptFailed,
    scenarios: ready.scenarios,
    classes: data.classes,
    chunks,
    lanes: spec.lanes,
    root,
    confidence: spec.confidence,
    notes: [...ready.notes, ...endsReached(spec, cells)],
    certified: certify({ ...ready, confidence: spec.confidence, ...publicOf(spec), ...stated(spec) }),
    seconds: { preparing, tuning },
    ...(spec.failIf === undefined ? {} : { failIf: spec.failIf }),
  });
  for (const [name, png] of shownImages(chunks)) await store.write(name, png);
  return { format: "gradleak-audit-3", command: "audit", ...specFieldsOf(spec, versions), ...summary };
}
