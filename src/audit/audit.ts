import { requireDpDelta } from "../accounting/index.ts";
import type { Dataset } from "../data/index.ts";
import { defended, residualBehind } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { fromBase64 } from "../formats/index.ts";
import { type KeyBits, keyFromSeed } from "../random/index.ts";
import { explainer, measuredIn, requireScenario, type Scenario } from "../scenario/index.ts";
import { type AuditTick, auditChunk, type DrawRun, type Machine } from "./audit-chunk.ts";
import type { AuditResult } from "./audit-result.ts";
import { cellsOf } from "./cells.ts";
import { type Certifying, certify, requireKappa, requirePrivate } from "./certified.ts";
import { type AuditChunk, readAuditChunk } from "./chunk.ts";
import { controlsOf } from "./controls.ts";
import { chunksOf, type Holders } from "./draw-keys.ts";
import { parseGate, requireUsefulGate } from "./gate.ts";
import { gray, guessesFrom } from "./guesses.ts";
import { nearestPublic } from "./nearest-public.ts";
import { sizesFor } from "./sizing.ts";
import { exampleFiles, examplesShown, shownExamples, summarizeDraws } from "./summary.ts";

/**
 * A store of finished chunks, so that an audit that was stopped can continue. Names are those of
 * files, with parts joined by "/".
 */
export interface ChunkStore {
  read(name: string): Promise<string | undefined>;
  write(name: string, finished: AuditChunk): Promise<void>;
}

/** A store that keeps nothing. */
export const nowhere: ChunkStore = { read: async () => undefined, write: async () => {} };

/** The input of an audit. */
export interface AuditInput {
  /** One scenario per defense. All share the client, the batch size, the labels and the score. */
  readonly scenarios: readonly Scenario[];
  /** The private examples, of which batches are drawn. */
  readonly data: Dataset<readonly number[]>;
  /** The clients that hold the examples. By default all examples are those of one client. */
  readonly holders?: Holders;
  /** The public examples, of the other split. Guesses without the update are made of them. */
  readonly publicData?: Dataset<readonly number[]>;
  /** N, the number of batches that are drawn. */
  readonly samples: number;
  /** The seed of all randomness. The default is 0. */
  readonly seed?: number;
  /**
   * The number of draws that one program attacks together. By default it follows from the size of
   * the network.
   */
  readonly lanes?: number;
  /** The number of draws that are finished and kept together. By default the program chooses it. */
  readonly chunk?: number;
  /** The two-sided confidence of each interval by itself. The default is 0.95. */
  readonly confidence?: number;
  /** The gate, such as `recovered > 0.05`. */
  readonly failIf?: string;
  /** Whether the gate counts failed attacks as misses; by default it is refused over them. */
  readonly acceptFailed?: boolean;
  /** Whether each attack also runs without its defense, on at most 64 draws; by default it does. */
  readonly control?: boolean;
  /** The δ of (ε, δ)-differential privacy of one update. The default is 1e-5. */
  readonly dpDelta?: number;
  /**
   * κ, the largest mass of a ball of radius δ under the prior (given the label, on average, if labels
   * are known), where the prior is known; see `largestMassOf`. By default it follows from the law of
   * the data, or is bounded from public examples.
   */
  readonly kappa?: number;
  readonly machine?: Machine;
  /** What else a reader must know, in sentences. */
  readonly notes?: readonly string[];
}

/** The outcome of an audit. */
export interface Audited {
  readonly result: AuditResult;
  /** The PNG files, by their names in the result. */
  readonly images: ReadonlyMap<string, Uint8Array>;
}

/** A machine without a clock. It measures no times. */
const timeless: Machine = { clock: () => 0 };

/**
 * Audits scenarios that were made by hand. It draws batches, simulates their updates behind each
 * defense, attacks them, and states the risk with intervals. The result has no spec, because only
 * the code can make the objects again.
 *
 * @param store keeps finished chunks, so that an audit that was stopped continues. By default
 * nothing is kept.
 * @returns a generator of progress that returns the result; see `finish`.
 * @throws LeakageError `spec` for anything that does not fit, before any work starts.
 *
 * @example
 * ```ts
 * const defense = { name: "noise", ...defenses.build("gaussian:sigma=0.01") };
 * const noisy = scenario({ client, defense, attacks: [attackOf("inverting-gradients:steps=300")] });
 * const { result, images } = await finish(audit({ scenarios: [noisy], data, samples: 80 }));
 * console.log(auditReport({ result, images }));
 * ```
 */
export async function* audit(input: AuditInput, store = nowhere): AsyncGenerator<AuditTick, Audited> {
  const { scenarios, data, seed = 0, confidence = 0.95, failIf, machine = timeless, notes = [] } = input;
  requireAudit(input);
  const began = machine.clock();
  const root = keyFromSeed(seed);
  const run: DrawRun = { ...drawRun({ ...input, root }), machine };
  const preparing = machine.clock() - began;
  const chunks = yield* auditDraws(run, store, "draws");
  const summary = summarizeDraws({
    scenarios,
    classes: data.classes,
    chunks,
    controls: run.controls,
    lanes: run.lanes,
    root,
    confidence,
    notes: [...data.notes, ...notes],
    certified: certify({ ...input, confidence }),
    seconds: { preparing, tuning: 0 },
    ...(failIf === undefined ? {} : { failIf }),
    ...(input.acceptFailed ? { acceptFailed: true } : {}),
  });
  return {
    result: { format: "gradleak-audit-3", command: "audit", spec: null, specHash: null, seed, versions: {}, ...summary },
    images: shownImages(chunks),
  };
}

/**
 * Refuses scenarios that cannot be audited together.
 *
 * @throws LeakageError `spec` for a name that occurs twice, too few batches to resample, a gate
 * that cannot be read or whose verdict does not depend on the measurements, questions about the
 * privacy of a defense that has none, and anything that {@link requireScenario} refuses.
 */
export function requireAudit({
  scenarios,
  samples,
  confidence = 0.95,
  failIf,
  dpDelta,
  ...prior
}: Pick<AuditInput, "scenarios" | "samples" | "confidence" | "failIf" | "dpDelta"> &
  Pick<Certifying, "data" | "publicData" | "kappa">): void {
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
    throw new LeakageError("spec", `Intervals over batches of ${batchSize} need at least 2 batches; got --samples ${samples}.`);
  if (dpDelta !== undefined) {
    requireDpDelta(dpDelta);
    requirePrivate(scenarios, "--dp-delta");
  }
  if (failIf === undefined) return;
  const gate = parseGate(failIf);
  if (gate.subject === "certified") {
    requirePrivate(scenarios, `The gate "${gate.text}"`);
    requireKappa(prior, gate.text);
  }
  const most = Math.max(...scenarios.map(({ attacks }) => attacks.length));
  requireUsefulGate(gate, samples, confidence, most);
}

function requireOnce(what: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new LeakageError("spec", `--${what} ${twice} is given twice; give each once.`);
}

/**
 * The draws of an audit with the guesses and the public examples that its attacks are compared
 * with.
 */
export function drawRun({
  scenarios,
  data,
  holders,
  publicData,
  samples,
  lanes,
  chunk,
  root,
  control = true,
  diagnosed = true,
}: Omit<AuditInput, "seed"> & { readonly root: KeyBits; readonly diagnosed?: boolean }): Omit<DrawRun, "machine"> {
  const { labels, score } = scenarios[0]!;
  const sizes = sizesFor(scenarios, samples, { lanes, chunk });
  const controls = control ? controlsOf(cellsOf({ scenarios })) : { runs: [], places: [] };
  const run = { scenarios, dataset: data, ...(holders ? { holders } : {}), samples, root, controls, diagnosed, ...sizes };
  if (!publicData) return { ...run, guesses: [gray(data.shape.reduce((a, b) => a * b))] };
  const measured = measuredIn(scenarios[0]!);
  return {
    ...run,
    guesses: guessesFrom({ examples: publicData, knowsLabels: labels === "known", measured, delta: score.delta }),
    nearestPublic: nearestPublic(publicData, measured),
  };
}

/** Makes all draws of a run, chunk by chunk. Chunks that the store has are not made again. */
export async function* auditDraws(run: DrawRun, store: ChunkStore, folder: string): AsyncGenerator<AuditTick, readonly AuditChunk[]> {
  const cells = cellsOf(run).length;
  const chunks: AuditChunk[] = [];
  const explainers = run.scenarios.map(({ client, defense }) =>
    explainer(residualBehind(defense, defended(defense, client).model), run.machine),
  );
  try {
    for (const [i, range] of chunksOf(run).entries()) {
      const name = `${folder}/${i}.json`;
      const kept = await store.read(name);
      let chunk = kept === undefined ? undefined : readAuditChunk(kept, range, cells);
      if (!chunk) {
        chunk = yield* auditChunk(run, range, explainers);
        await store.write(name, chunk);
      }
      chunks.push(chunk);
    }
    return chunks;
  } finally {
    for (const one of explainers) await one.dispose();
  }
}

/** The reconstructions that each cell shows and their originals, as PNG files by name. */
export function shownImages(chunks: readonly AuditChunk[]): ReadonlyMap<string, Uint8Array> {
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
