import type { KeyBits } from "../random/index.ts";
import type { CompileOptions } from "../runtime/index.ts";
import type { LabelRule } from "./label-rule.ts";
import type { Observations, Outline } from "./observations.ts";

/** What an attack assumes, in words and numbers, for results. */
export interface Assumed {
  /** The law p(update | inputs) that it assumes. */
  readonly law: string;
  /** The prior p(inputs) that it assumes. */
  readonly prior: string;
  /** The radius δ of the ball that it averages over; 0 if it judges points. */
  readonly radius: number;
  /** The radius that the ball has shrunk to at the end. It is absent if the ball does not shrink. */
  readonly shrunkRadius?: number;
  /** k, the number of points in that ball; 1 if it judges points. */
  readonly samples: number;
}

/**
 * Why the search in a lane ended. Only `converged` is a success: nothing was left to gain. The
 * others are failures, and say nothing about what the update gives away.
 */
export const stops = {
  converged: "nothing was left to gain",
  nan: "its objective was not a number; try a smaller learning rate, or a wider law",
  massless: "no point of its ball had any mass under its assumption; try a smaller ball or Jensen's bound",
  stuck: "it found no descent although the slope is steep; try restarts, another start, or Adam",
  unmoved: "it ended where it began; try a larger learning rate or more steps",
  empty: "the update holds nothing but zeros",
  unreadable: "the update holds entries that are not numbers",
} as const;
export type Stop = keyof typeof stops;

/** Whether an attack failed in a lane, so that its answer says nothing. */
export const hasFailed = (stopped: Stop | null): boolean => stopped !== null && stopped !== "converged";

/** How well chains explored a posterior. */
export interface Mixing {
  /** The mean probability with which trajectories were accepted. */
  readonly acceptance: number;
  /** The largest split R̂ of any entry: near 1 where all chains tell the same. */
  readonly rHat: number;
  /** The least number of independent draws that the mean of an entry is worth. */
  readonly effective: number;
  /** The least effective share of weights while the posterior was annealed, from 0 to 1. */
  readonly leastShare: number;
}

/** The progress of an attack on one batch. */
export interface LaneProgress {
  /**
   * The attacker's objective at the latest evaluation, without the constants of the assumed
   * densities; null if it has none.
   */
  readonly objective: number | null;
  /** The part of the objective without the prior. */
  readonly matching: number | null;
  /** The number of outer steps of the optimizer so far. */
  readonly steps: number;
  /** The number of evaluations of the objective so far, over all restarts. */
  readonly evaluations: number;
  /** Why the lane ended before its last step or has no answer; null if it made all its steps. */
  readonly stopped: Stop | null;
  /**
   * The probability, by the attacker's own posterior, that the truth is within the ball around its
   * answer. It is absent if the attacker states none.
   */
  readonly success?: number;
  /** How well chains explored the attacker's posterior. It is absent if the attack has none. */
  readonly mixing?: Mixing;
  /**
   * The member of a battery, or the try of an attack with several, whose answer was taken. It is
   * absent for attacks with one search.
   */
  readonly by?: string;
  /** What the attack chose or could not do for this update, and why, as a sentence for results. */
  readonly remark?: string;
}

/**
 * What an attack is after where a defense changes the images before the network sees them: the
 * transformed image, which the network saw, or the original.
 */
export const aims = ["transformed", "original"] as const;
export type Aim = (typeof aims)[number];

/** What an attack reports after each call of its program. The last report is the result. */
export interface Progress {
  /** The steps of the slowest lane, out of `of`. */
  readonly step: number;
  readonly of: number;
  /** The progress of each lane. It is computed on request. */
  lanes(): readonly LaneProgress[];
  /** The reconstructions so far, [lanes, batchSize, ...shape] in model space. */
  inputs(): Float32Array;
  /**
   * What the attack takes the network to have seen, in the same form, where it is after the original
   * and the defense changed that. It is absent if both are the same for the attack.
   */
  transformed?(): Float32Array;
  /** The label probabilities that the attack assumes, [lanes, batchSize, classes]. */
  labels(): Float32Array;
}

export interface Run extends CompileOptions {
  /** Starting points [lanes, batchSize, ...shape] in model space, in place of drawn ones. */
  readonly start?: Float32Array;
}

/**
 * Batches, one per lane: inputs [lanes, batchSize, ...shape] in model space and label probabilities
 * [lanes, batchSize, classes].
 */
export interface Candidates {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/**
 * How much an attack computes for one update. An audit uses it to choose how many updates it
 * attacks together.
 */
export interface Work {
  readonly steps: number;
  readonly restarts: number;
  /** The number of points at which each step computes the objective. */
  readonly points: number;
  /** Whether the attack reads the entries of gradients, and not only products of their factors. */
  readonly entries: boolean;
}

/** An assumption and a way to answer. No method receives the private batch. */
export interface Attack {
  readonly assumes: Assumed;
  /** What its answers are to be compared with. The default is the transformed image. */
  readonly aim?: Aim;
  /** How labels of a batch are read off an update, if the method says so. */
  readonly labelRule?: LabelRule;
  /** Whether the attack reads only the direction of an update, and not its length. */
  readonly anyScale?: boolean;
  /** The work per update. Without it, the attack counts as a thousand steps that read entries. */
  readonly work?: Work;
  /**
   * Checks that the attack fits what it will see.
   *
   * @throws LeakageError `spec` that names what does not fit: the client, the size of the batch,
   * what was published, or the labels.
   */
  check?(seen: Outline): void;
  /**
   * Attacks all lanes together. It yields progress, and the last report has the reconstructions.
   *
   * @param keys the keys of the attack's randomness, one per lane.
   */
  reconstruct(seen: Observations, keys: readonly KeyBits[], run?: Run): AsyncIterable<Progress>;
  /**
   * The attacker's objective at any batches that the network may have seen, one number per lane for
   * each of them, in the form of the last step. It is for diagnosis. The points of a ball follow from the keys, so they are the
   * same for all batches. It is absent if the attack has no objective.
   */
  objective?(
    seen: Observations,
    at: readonly Candidates[],
    keys: readonly KeyBits[],
    run?: CompileOptions,
  ): Promise<readonly Float32Array[]>;
}
