import {
  type Attack,
  type Candidates,
  isAssuming,
  type LabelReading,
  type LabelRule,
  type LaneProgress,
  labelRuleFor,
  type Observations,
  type Run,
  recoverLabels,
} from "../adversary/index.ts";
import { toPixelSpace } from "../models/index.ts";
import type { KeyBits } from "../random/index.ts";
import type { CompileOptions } from "../runtime/index.ts";
import { piece } from "./examples.ts";
import type { Scenario } from "./scenario.ts";

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
  /**
   * What the attack takes the network to have seen in their place, in the same order, where it is
   * after the original and knows that the defense changed it.
   */
  readonly transformed?: readonly Float32Array[];
  /** The classes that the attack assumed or found, one per input. */
  readonly labels: readonly number[];
  /** How the labels were read off the update; absent if they were given or searched. */
  readonly reading?: { readonly rule: LabelRule; readonly faint: boolean };
  readonly lane: LaneProgress;
  /**
   * The batch that the attack takes the network to have seen: inputs in model space and label
   * probabilities.
   */
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

/** How labels reach an attack. A scenario says it. */
export type Labeling = Pick<Scenario, "labels" | "labelRule" | "examples">;

/** How labels reach the attacks of a scenario. */
export const labelingOf = ({ labels, labelRule, examples }: Labeling): Labeling => ({
  labels,
  ...(labelRule ? { labelRule } : {}),
  ...(examples ? { examples } : {}),
});

/** The observations with the labels that an attack uses, and how they were read, if they were. */
export interface Labeled {
  readonly seen: Observations;
  readonly reading?: LabelReading;
}

/**
 * Gives an attack its labels: those that it was told, those that are read off the update, or none.
 *
 * @throws LeakageError `spec` if labels cannot be read off these updates.
 */
export async function withLabels(
  seen: Observations,
  attack: Attack,
  { labels: policy, labelRule, examples }: Labeling,
  options: CompileOptions = {},
): Promise<Labeled> {
  if (policy === "known") return { seen };
  const { labels: _, ...unlabeled } = seen;
  if (policy === "joint") return { seen: unlabeled };
  const reading = await recoverLabels(unlabeled, labelRuleFor(seen.batchSize, labelRule, attack.labelRule), {
    ...options,
    ...(examples ? { examples } : {}),
    ...(isAssuming(attack) ? { prior: attack.assumption.prior } : {}),
  });
  return { seen: { ...unlabeled, labels: reading.labels }, reading };
}

export interface Reconstruct extends Labeling {
  readonly attack: Attack;
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
  seen,
  keys,
  options = {},
  history = true,
  ...labeling
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
  const { start: _, ...place } = options;
  const labeled = await withLabels(seen, attack, labeling, place);
  for await (const progress of attack.reconstruct(labeled.seen, keys, options)) {
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
    const seenByNetwork = progress.transformed?.();
    return progress.lanes().map((lane, i) => ({
      images: imagesOf(all, i),
      ...(seenByNetwork ? { transformed: imagesOf(seenByNetwork, i) } : {}),
      labels: Array.from({ length: seen.batchSize }, (_, b) =>
        indexOfLargest(piece(probabilities, i * seen.batchSize + b, keys.length * seen.batchSize)),
      ),
      ...(labeled.reading ? { reading: { rule: labeled.reading.rule, faint: labeled.reading.faint[i]! } } : {}),
      lane,
      candidate: { x: piece(seenByNetwork ?? all, i, keys.length), y: piece(probabilities, i, keys.length) },
      history: histories[i]!,
    }));
  }
  throw new Error("the attack ended before its last step");
}

const indexOfLargest = (probabilities: Float32Array): number =>
  probabilities.indexOf(probabilities.reduce((most, p) => Math.max(most, p), Number.NEGATIVE_INFINITY));
