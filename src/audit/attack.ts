import { type Attack, type LabelRule, type LaneProgress, type Observations, type Run, recoverLabels } from "../adversary/index.ts";
import type { AssumedAttack } from "../attacks/index.ts";
import type { Client } from "../client/index.ts";
import type { KeyBits } from "../random/index.ts";
import { foldIn } from "../random/index.ts";
import { piece, toPixelSpace } from "./pictures.ts";

/** Independent streams of one seed. Draw i of a stream uses the stream's key folded with i. */
export const streams = { weights: 0, noise: 1, start: 2 } as const;

/** Pictures of one update at one moment of the attack, in pixel space, [c, h, w] each. */
export interface Snapshot {
  readonly step: number;
  readonly objective: number;
  readonly pictures: readonly Float32Array[];
}

/** What an attack made of one update. */
export interface Reconstruction {
  readonly pictures: readonly Float32Array[];
  /** The classes that the attack assumed or found, one a picture. */
  readonly labels: readonly number[];
  readonly lane: LaneProgress;
  /** From the first steps to the last, at moments that become rarer; empty where none was asked for. */
  readonly history: readonly Snapshot[];
}

/** An attack under way. */
export interface Tick {
  readonly step: number;
  readonly of: number;
  /** Mean of the attacker's objective over the updates that go on. */
  readonly objective: number;
}

/** Steps at which pictures are kept: the first ones, then about every tenth more. */
export function moments(steps: number): readonly number[] {
  const kept = new Set<number>([1, steps]);
  for (let step = 2; step < steps; step = Math.ceil(step * 1.12)) kept.add(step);
  return [...kept].sort((a, b) => a - b);
}

/** How labels reach the attack: given, read off the last layer's gradient, or looked for with the pictures. */
export type LabelPolicy = "known" | "recovered" | "joint";

/** The labels that an attack proceeds with. */
export function withLabels(seen: Observations, policy: LabelPolicy, rule?: LabelRule): Observations {
  if (policy === "known") return seen;
  const { labels: _, ...unlabeled } = seen;
  return policy === "joint" ? unlabeled : { ...unlabeled, labels: recoverLabels(unlabeled, seen.batchSize === 1 ? "sign" : rule) };
}

export interface Reconstruct {
  /** The attack, built for the same policy. */
  readonly attack: Attack & Pick<AssumedAttack, "labelRule">;
  readonly policy: LabelPolicy;
  readonly seen: Observations;
  /** One key an update, for its starting points. */
  readonly keys: readonly KeyBits[];
  readonly options: Run;
  /** Whether pictures on the way are kept; they are unless this is false. */
  readonly history?: boolean;
}

/** Attacks all updates together. Yields ticks, returns what became of each update. */
export async function* reconstruct({
  attack,
  policy,
  seen,
  keys,
  options,
  history = true,
}: Reconstruct): AsyncGenerator<Tick, Reconstruction[]> {
  const histories: Snapshot[][] = keys.map(() => []);
  const { normalization } = seen.client.model;
  const picturesOf = (all: Float32Array, lane: number) =>
    Array.from({ length: seen.batchSize }, (_, b) =>
      toPixelSpace(piece(all, lane * seen.batchSize + b, keys.length * seen.batchSize), normalization),
    );
  let kept = 0;
  for await (const progress of attack.reconstruct(withLabels(seen, policy, attack.labelRule), keys, options)) {
    const plan = moments(progress.of);
    const due = history && (progress.step >= progress.of || progress.step >= plan[kept]!);
    if (due) {
      while (kept < plan.length && plan[kept]! <= progress.step) kept++;
      const all = progress.pictures();
      progress.lanes.forEach(({ objective }, lane) => {
        histories[lane]!.push({ step: progress.step, objective, pictures: picturesOf(all, lane) });
      });
    }
    const going = progress.lanes.filter(({ stopped }) => stopped === null);
    yield {
      step: progress.step,
      of: progress.of,
      objective: going.reduce((sum, { objective }) => sum + objective, 0) / Math.max(1, going.length),
    };
    if (progress.step >= progress.of) {
      const labels = progress.labels();
      const all = progress.pictures();
      return progress.lanes.map((lane, i) => ({
        pictures: picturesOf(all, i),
        labels: Array.from({ length: seen.batchSize }, (_, b) =>
          indexOfLargest(piece(labels, i * seen.batchSize + b, keys.length * seen.batchSize)),
        ),
        lane,
        history: histories[i]!,
      }));
    }
  }
  throw new Error("the attack ended before its last step");
}

const indexOfLargest = (probabilities: Float32Array): number =>
  probabilities.indexOf(probabilities.reduce((most, p) => Math.max(most, p), Number.NEGATIVE_INFINITY));

/** The key of draw `index` in a stream of a seed. */
export const streamKey = (seed: KeyBits, stream: keyof typeof streams, index: number): KeyBits =>
  foldIn(foldIn(seed, streams[stream]), index);

/** A client with labels as one-hot rows, [count, classes]. */
export function oneHot(labels: readonly number[], { model }: Client): Float32Array {
  const rows = new Float32Array(labels.length * model.classes);
  labels.forEach((label, i) => {
    rows[i * model.classes + label] = 1;
  });
  return rows;
}
