import { type Attack, type Candidates, type LaneProgress, type Observations, type Run, recoverLabels } from "../adversary/index.ts";
import { toPixelSpace } from "../models/index.ts";
import type { KeyBits } from "../random/index.ts";
import { piece } from "./examples.ts";
import type { LabelPolicy } from "./scenario.ts";

/** The inputs of one batch at one step of the attack, in pixel space, each of shape [c, h, w]. */
export interface Snapshot {
  readonly step: number;
  /** The attacker's objective. It is null if the attack has none or if it is not a number. */
  readonly objective: number | null;
  readonly images: readonly Float32Array[];
}

/** An attack's reconstruction of one update. */
export interface Reconstruction {
  readonly images: readonly Float32Array[];
  /** The classes that the attack assumed or found, one per input. */
  readonly labels: readonly number[];
  readonly lane: LaneProgress;
  /** The answer as the attack has it: inputs in model space and label probabilities. */
  readonly candidate: Candidates;
  /**
   * Snapshots from the first steps to the last, at intervals that grow. The list is empty if none
   * were requested.
   */
  readonly history: readonly Snapshot[];
}

/** The progress of an attack. */
export interface Tick {
  readonly step: number;
  readonly of: number;
  /**
   * The mean of the attacker's objective over the updates that still search. It is computed on
   * request.
   */
  objective(): number | null;
}

/** The steps at which inputs are kept: the first ones, then one at about every 12 % more steps. */
function moments(steps: number): readonly number[] {
  const kept = new Set<number>([1, steps]);
  for (let step = 2; step < steps; step = Math.ceil(step * 1.12)) kept.add(step);
  return [...kept].sort((a, b) => a - b);
}

/** The observations with the labels that an attack uses. */
export function withLabels(seen: Observations, policy: LabelPolicy, rule?: Attack["labelRule"]): Observations {
  if (policy === "known") return seen;
  const { labels: _, ...unlabeled } = seen;
  return policy === "joint" ? unlabeled : { ...unlabeled, labels: recoverLabels(unlabeled, seen.batchSize === 1 ? "sign" : rule) };
}

export interface Reconstruct {
  readonly attack: Attack;
  readonly labels: LabelPolicy;
  /** The observations, with the labels if they are known. */
  readonly seen: Observations;
  /** The keys of the attack's randomness, one per update. */
  readonly keys: readonly KeyBits[];
  readonly options?: Run;
  /** Whether inputs of earlier steps are kept. The default is true. */
  readonly history?: boolean;
}

function mean(lanes: readonly LaneProgress[]): number | null {
  const values = lanes.flatMap(({ stopped, objective }) => (stopped === null && objective !== null ? [objective] : []));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Attacks all updates together. It yields one tick per percent of the steps and returns one
 * reconstruction per update.
 *
 * @throws LeakageError `spec` if the attack does not fit what it sees.
 *
 * @example
 * ```ts
 * const seen = { rounds: [received], lanes: keys.length, batchSize: 1, labels: received.batches.y };
 * const [first] = await finish(reconstruct({ attack, labels: "known", seen, keys }));
 * console.log(first!.images[0], first!.lane.objective);
 * ```
 */
export async function* reconstruct({
  attack,
  labels,
  seen,
  keys,
  options = {},
  history = true,
}: Reconstruct): AsyncGenerator<Tick, Reconstruction[]> {
  const histories: Snapshot[][] = keys.map(() => []);
  const { normalization } = seen.rounds[0]!.client.model;
  const imagesOf = (all: Float32Array, lane: number) =>
    Array.from({ length: seen.batchSize }, (_, b) =>
      toPixelSpace(piece(all, lane * seen.batchSize + b, keys.length * seen.batchSize), normalization),
    );
  let kept = 0;
  let told = -1;
  let plan: readonly number[] | undefined;
  for await (const progress of attack.reconstruct(withLabels(seen, labels, attack.labelRule), keys, options)) {
    plan ??= moments(progress.of);
    if (history && (progress.step >= progress.of || progress.step >= plan[kept]!)) {
      while (kept < plan.length && plan[kept]! <= progress.step) kept++;
      const all = progress.inputs();
      progress.lanes().forEach(({ objective }, lane) => {
        histories[lane]!.push({ step: progress.step, objective, images: imagesOf(all, lane) });
      });
    }
    // One tick per percent is enough: a reader of ticks takes as long as a step of a small network.
    const percent = Math.floor((100 * progress.step) / progress.of);
    if (percent !== told) {
      told = percent;
      yield { step: progress.step, of: progress.of, objective: () => mean(progress.lanes()) };
    }
    if (progress.step < progress.of) continue;
    const probabilities = progress.labels();
    const all = progress.inputs();
    return progress.lanes().map((lane, i) => ({
      images: imagesOf(all, i),
      labels: Array.from({ length: seen.batchSize }, (_, b) =>
        indexOfLargest(piece(probabilities, i * seen.batchSize + b, keys.length * seen.batchSize)),
      ),
      lane,
      candidate: { x: piece(all, i, keys.length), y: piece(probabilities, i, keys.length) },
      history: histories[i]!,
    }));
  }
  throw new Error("the attack ended before its last step");
}

const indexOfLargest = (probabilities: Float32Array): number =>
  probabilities.indexOf(probabilities.reduce((most, p) => Math.max(most, p), Number.NEGATIVE_INFINITY));
