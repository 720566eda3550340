import { type Attack, type LaneProgress, type Observations, type Run, recoverLabels } from "../adversary/index.ts";
import { toPixelSpace } from "../models/index.ts";
import type { KeyBits } from "../random/index.ts";
import { piece } from "./examples.ts";
import type { LabelPolicy } from "./scenario.ts";

/** The inputs of one batch at one moment of the attack, in pixel space, [c, h, w] each. */
export interface Snapshot {
  readonly step: number;
  /** Null where the attack has none, or it is not a number. */
  readonly objective: number | null;
  readonly images: readonly Float32Array[];
}

/** What an attack made of one update. */
export interface Reconstruction {
  readonly images: readonly Float32Array[];
  /** The classes that the attack assumed or found, one an input. */
  readonly labels: readonly number[];
  readonly lane: LaneProgress;
  /**
   * From the first steps to the last, at moments that become rarer; empty where none was asked for.
   */
  readonly history: readonly Snapshot[];
}

/** An attack under way. */
export interface Tick {
  readonly step: number;
  readonly of: number;
  /**
   * Mean of the attacker's objective over the updates that go on; computed when it is asked for.
   */
  objective(): number | null;
}

/** Steps at which inputs are kept: the first ones, then about every tenth more. */
export function moments(steps: number): readonly number[] {
  const kept = new Set<number>([1, steps]);
  for (let step = 2; step < steps; step = Math.ceil(step * 1.12)) kept.add(step);
  return [...kept].sort((a, b) => a - b);
}

/** The labels that an attack proceeds with. */
export function withLabels(seen: Observations, policy: LabelPolicy, rule?: Attack["labelRule"]): Observations {
  if (policy === "known") return seen;
  const { labels: _, ...unlabeled } = seen;
  return policy === "joint" ? unlabeled : { ...unlabeled, labels: recoverLabels(unlabeled, seen.batchSize === 1 ? "sign" : rule) };
}

export interface Reconstruct {
  readonly attack: Attack;
  readonly labels: LabelPolicy;
  /** With the labels, where they are known. */
  readonly seen: Observations;
  /** One key an update. */
  readonly keys: readonly KeyBits[];
  readonly options?: Run;
  /** Whether inputs on the way are kept; they are unless this is false. */
  readonly history?: boolean;
}

function mean(lanes: readonly LaneProgress[]): number | null {
  const values = lanes.flatMap(({ stopped, objective }) => (stopped === null && objective !== null ? [objective] : []));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Attacks all updates together. Yields one tick per percent of the steps, and returns what became
 * of each update.
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
      history: histories[i]!,
    }));
  }
  throw new Error("the attack ended before its last step");
}

const indexOfLargest = (probabilities: Float32Array): number =>
  probabilities.indexOf(probabilities.reduce((most, p) => Math.max(most, p), Number.NEGATIVE_INFINITY));
