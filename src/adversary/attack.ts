import type { KeyBits } from "../random/index.ts";
import type { CompileOptions } from "../runtime/index.ts";
import type { LabelRule } from "./labels.ts";
import type { Observations, Outline } from "./observations.ts";

/** What an attack takes for granted, in words and numbers, for results. */
export interface Assumed {
  /** What it takes for p(update | inputs). */
  readonly law: string;
  /** What it takes for p(inputs). */
  readonly prior: string;
  /** Radius δ of the ball that it averages over; 0 where it judges points. */
  readonly radius: number;
  /** k, the points in that ball; 1 where it judges points. */
  readonly samples: number;
}

/** Where an attack stands with one batch. */
export interface LaneProgress {
  /**
   * The attacker's objective at the latest evaluation, without the constants of the densities that
   * it assumes; null where it has none.
   */
  readonly objective: number | null;
  /** Its part without the prior. */
  readonly matching: number | null;
  /** Outer steps of the optimizer. */
  readonly steps: number;
  /** Evaluations of the objective. */
  readonly evaluations: number;
  /**
   * Why the lane ended before its steps were done: its objective was not a number, or nothing was
   * left to gain.
   */
  readonly stopped: "nan" | "converged" | null;
  /**
   * The probability, by the attacker's own posterior, that its answer is within the ball of the
   * truth. Absent where it states none.
   */
  readonly success?: number;
}

/** What an attack reports after each call of its program; the last report is the result. */
export interface Progress {
  /** Steps of the slowest lane, out of `of`. */
  readonly step: number;
  readonly of: number;
  /** Where each lane stands; computed when it is asked for. */
  lanes(): readonly LaneProgress[];
  /** Reconstructions so far, [lanes, batchSize, ...shape] in model space. */
  inputs(): Float32Array;
  /** Label probabilities that the attack assumes, [lanes, batchSize, classes]. */
  labels(): Float32Array;
}

export interface Run extends CompileOptions {
  /** Starting points [lanes, batchSize, ...shape] in model space in place of drawn ones. */
  readonly start?: Float32Array;
}

/**
 * Batches, one a lane: inputs [lanes, batchSize, ...shape] in model space, label probabilities
 * [lanes, batchSize, classes].
 */
export interface Candidates {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/**
 * How much an attack computes for one update: by it an audit chooses how many it attacks together.
 */
export interface Work {
  readonly steps: number;
  readonly restarts: number;
  /** Points at which each step computes the objective. */
  readonly points: number;
  /** Whether it reads the entries of gradients, and not only products of their factors. */
  readonly entries: boolean;
}

/** An assumption and a way to answer. The private batch is not among its arguments. */
export interface Attack {
  readonly assumes: Assumed;
  /** How labels of a batch are read off an update, where the method says so. */
  readonly labelRule?: LabelRule;
  /** Absent where nobody knows; then it counts as a thousand steps that read entries. */
  readonly work?: Work;
  /**
   * @throws LeakageError `spec` that names what does not fit: the client, the size of the batch,
   * what was published, the labels.
   */
  check?(seen: Outline): void;
  /** Yields progress; the last value holds the reconstructions. One key a lane. */
  reconstruct(seen: Observations, keys: readonly KeyBits[], run?: Run): AsyncIterable<Progress>;
  /**
   * The attacker's objective at any batches, a number a lane, as it is in the last step: for
   * diagnosis. A ball's points follow from the keys. Absent where the attack has no objective.
   */
  objective?(seen: Observations, at: Candidates, keys: readonly KeyBits[], run?: CompileOptions): Promise<Float32Array>;
}
