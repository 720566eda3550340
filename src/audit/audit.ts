import { fromBase64 } from "../formats/index.ts";
import { type AuditChunk, type AuditRun, type AuditTick, auditChunk, readAuditChunk } from "./audit-chunk.ts";
import type { AuditResult } from "./audit-result.ts";
import { type AuditInput, tuningRun } from "./audit-run.ts";
import { drawsOf } from "./audit-spec.ts";
import { auditResult, exampleFiles, examplesShown, shownExamples } from "./audit-summary.ts";
import { tunedCells, tuningsOf } from "./audit-tuning.ts";
import { modelFor } from "./run.ts";
import { type Tuned, tuned } from "./tune.ts";

/** Where what is finished is kept, so that an audit that was stopped goes on from there. Names are those of files, parts joined by "/". */
export interface Store {
  read(name: string): Promise<string | undefined>;
  write(name: string, finished: AuditChunk | Tuned): Promise<void>;
}

/** Keeps nothing. */
const nowhere: Store = { read: async () => undefined, write: async () => {} };

/** An audit, and what its result says beside its numbers. */
export interface WholeAudit extends Pick<AuditInput, "publicSet"> {
  readonly run: AuditRun;
  readonly versions: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** What an audit made. */
export interface Audited {
  readonly result: AuditResult;
  /** PNG files by the names that the result has for them. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
}

/**
 * An audit from beginning to end: tunes its attacks where the spec says so, each behind each defense, then scores them on the same draws. The result follows from
 * finished chunks alone.
 */
export async function* audit({ run, publicSet, versions, notes }: WholeAudit, store = nowhere): AsyncGenerator<AuditTick, Audited> {
  const { spec, dataset, examples } = run;
  const tunings: Tuned[] = [];
  for (const [i, tuning] of tuningsOf(spec).entries()) {
    const chunks = yield* auditDraws(tuningRun(run, tuning, publicSet!), store, `tuning/${i}/draws`);
    const result = tuned(tuning, chunks);
    await store.write(`tuning/${i}/tuned.json`, result);
    tunings.push(result);
  }
  const cells = tunedCells(spec, tunings);
  const chunks = yield* auditDraws({ ...run, cells }, store, "draws");
  const model = modelFor(spec, { ...dataset, classes: dataset.classes.length });
  const { classes } = dataset;
  return {
    result: auditResult({ spec, cells, model, classes, chunks, versions, notes, ...(examples ? { examples } : {}) }),
    pictures: picturesOf(chunks),
  };
}

/** All draws of a run, chunk by chunk; those that are kept already are not made again. */
export async function* auditDraws(run: AuditRun, store: Store, folder: string): AsyncGenerator<AuditTick, readonly AuditChunk[]> {
  const chunks: AuditChunk[] = [];
  for (const [i, range] of drawsOf(run.spec).entries()) {
    const name = `${folder}/${i}.json`;
    const kept = await store.read(name);
    let chunk = kept === undefined ? undefined : readAuditChunk(kept, range, run.cells.length);
    if (!chunk) {
      chunk = yield* auditChunk(run, range);
      await store.write(name, chunk);
    }
    chunks.push(chunk);
  }
  return chunks;
}

/** The reconstructions that each cell shows, beside their originals. */
function picturesOf(chunks: readonly AuditChunk[]): ReadonlyMap<string, Uint8Array> {
  const shown = examplesShown(chunks);
  return new Map(
    shownExamples.flatMap((which) =>
      shown[which].flatMap((example, cell) => {
        const { original, reconstruction } = exampleFiles(which, cell);
        return [original, reconstruction].flatMap((name, i): [string, Uint8Array][] => {
          const base64 = example?.pictures?.[i];
          return base64 === undefined ? [] : [[name, fromBase64(base64, name)]];
        });
      }),
    ),
  );
}
