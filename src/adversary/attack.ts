import type { Client } from "../client/index.ts";
import type { KeyBits } from "../random/index.ts";
import type { CompileOptions } from "../runtime/index.ts";

/** All that an attacker is given: updates of one client, one a lane. */
export interface Observations {
  readonly client: Client;
  /** How many updates there are. */
  readonly lanes: number;
  /** Observed gradients by parameter name, [lanes, ...shape]. */
  readonly updates: ReadonlyMap<string, Float32Array>;
  /** Pictures in one update. */
  readonly batchSize: number;
  /** What the defense publishes beside the updates, by name, [lanes, ...shape]; shapes are those of one lane. */
  readonly open?: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
  /** Label probabilities [lanes, batchSize, classes], where they are known. */
  readonly labels?: Float32Array;
}

/** Where an attack stands with one update. */
export interface LaneProgress {
  /** The attacker's objective at the latest evaluation, without the constants of the densities that it assumes. */
  readonly objective: number;
  /** Its part without the prior. */
  readonly matching: number;
  /** Outer steps of the optimizer. */
  readonly steps: number;
  readonly evaluations: number;
  /** Why the lane ended before its steps were done: its objective was not a number, or nothing was left to gain. */
  readonly stopped: "nan" | "converged" | null;
}

/** What an attack reports after each call of its program; the last report is the result. */
export interface Progress {
  /** Steps of the slowest lane, out of `of`. */
  readonly step: number;
  readonly of: number;
  readonly lanes: readonly LaneProgress[];
  /** Reconstructions so far, [lanes, batchSize, c, h, w] in model space. */
  pictures(): Float32Array;
  /** Label probabilities that the attack assumes, [lanes, batchSize, classes]. */
  labels(): Float32Array;
}

export interface Run extends CompileOptions {
  /** Starting points [lanes, batchSize, c, h, w] in model space in place of drawn ones. */
  readonly start?: Float32Array;
}

/** An assumption plus a search. The private pictures are not among its arguments. */
export interface Attack {
  /** Yields progress; the last value holds the reconstructions. One key a lane. */
  reconstruct(seen: Observations, keys: readonly KeyBits[], run?: Run): AsyncIterable<Progress>;
}
