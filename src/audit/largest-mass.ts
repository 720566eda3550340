import type { Dataset } from "../data/index.ts";
import { clopperPearson, type DeltaSpace } from "../metrics/index.ts";
import type { FinitePrior } from "./exact-bayes.ts";
import { mostPublic } from "./guesses.ts";
import { rowsOf } from "./public-rows.ts";

/**
 * κ, the largest mass that a ball of radius δ has under the prior: the best chance of somebody who
 * sees no update. If labels are given, it is the mean over the labels of the largest masses under
 * the prior given the label.
 */
export interface LargestMass {
  /**
   * A plain estimate: how many of the other public examples lie in the ball around the one with most,
   * as a share. It is the mass itself where the law is known.
   */
  readonly estimate: number;
  /** What κ is at most: with the confidence of an interval's end, or for sure where the law is known. */
  readonly upper: number;
  /** The number of public examples behind it; 0 where the law is known. */
  readonly examples: number;
}

/** What κ is estimated from. */
export interface MassFrom {
  /** Public examples, which are taken to be independent draws from the prior. */
  readonly examples: Dataset<readonly number[]>;
  /** Whether the attacker receives the labels. */
  readonly knowsLabels: boolean;
  readonly measured: DeltaSpace;
  readonly delta: number;
  /** The two-sided confidence, of which the upper end is taken. */
  readonly confidence: number;
  /** The largest number of examples that are used. The default is 500. */
  readonly most?: number;
}

/** At most so many products of entries over all pairs of public examples. */
const mostProducts = 2 ** 33;

/**
 * Bounds κ from public examples. The bound holds for balls around all centers at once, not only
 * around examples:
 *
 * Let B be the ball with the largest mass (or one whose mass is as near to it as one likes). It does
 * not depend on the sample, so the number N of the m examples in B is binomial with probability κ.
 * Nobody knows where B is, but N is at most M, which can be counted. The N examples lie in a ball of
 * radius δ, so any two of them are at most 2δ apart, and the sum of all their squared distances, over
 * ordered pairs, is 2N times that to their mean, at most 2N²δ². So one of them has squared
 * distances to all N that sum to at most 2Nδ². M is the largest number of examples around any one
 * example, nearest first, that have both properties. By Clopper and Pearson, κ is at most the upper
 * end for N of m, and that end grows with N, so it is at most the upper end for M of m.
 *
 * If labels are given, there is one such ball for each label, N counts the examples in the ball of
 * their own label, which is binomial with probability Σ p(y) κ(y), and M is the sum of the counts by
 * label.
 */
export function largestMassFrom({ examples, knowsLabels, measured, delta, confidence, most = mostPublic }: MassFrom): LargestMass {
  const rows = rowsOf(examples, measured);
  const count = Math.min(most, examples.size, Math.max(2, Math.floor(Math.sqrt(mostProducts / rows.size))));
  const all = rows.first(count);
  const groups = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const group = knowsLabels ? (examples.label?.(i) ?? examples.example(i).label) : 0;
    groups.set(group, [...(groups.get(group) ?? []), i]);
  }
  let [inside, crowd] = [0, 0];
  for (const members of groups.values()) {
    const near = squaredDistances(all, rows.size, members, (2 * delta) ** 2);
    crowd += Math.max(...near.map((squares) => fitting(squares, delta)));
    inside += Math.max(...near.map((squares) => squares.filter((square) => square <= delta ** 2).length - 1));
  }
  return { estimate: inside / count, upper: clopperPearson(crowd, count, confidence).upper, examples: count };
}

/** Room for the rounding of sums, so that no example is left out over it. */
const slack = 1 + 1e-9;

/**
 * For each of some rows, the squared distances to all of them that are at most `limit`, in ascending
 * order. The first is 0, its own.
 */
function squaredDistances(rows: Float32Array, size: number, members: readonly number[], limit: number): readonly (readonly number[])[] {
  const near = members.map(() => [0]);
  for (let a = 0; a < members.length; a++)
    for (let b = a + 1; b < members.length; b++) {
      const square = squareUpTo(rows, members[a]! * size, members[b]! * size, size, limit * slack);
      if (square > limit * slack) continue;
      near[a]!.push(square);
      near[b]!.push(square);
    }
  return near.map((squares) => squares.sort((a, b) => a - b));
}

/** A squared distance; some number above the limit if it is above the limit. */
function squareUpTo(rows: Float32Array, a: number, b: number, size: number, limit: number): number {
  let sum = 0;
  for (let from = 0; from < size && sum <= limit; from += 32)
    for (let i = from; i < Math.min(size, from + 32); i++) sum += (rows[a + i]! - rows[b + i]!) ** 2;
  return sum;
}

/** The largest N such that the N smallest squares sum to at most 2Nδ². */
function fitting(squares: readonly number[], delta: number): number {
  let sum = 0;
  let fits = 0;
  for (const [i, square] of squares.entries()) {
    sum += square;
    if (sum <= 2 * (i + 1) * delta ** 2 * slack) fits = i + 1;
  }
  return fits;
}

/**
 * κ of a prior on finitely many candidates that are more than 2δ apart, so that no ball holds two:
 * the largest probability of one. If labels are given, it is the sum over the labels of the largest
 * probability of a candidate with that label.
 *
 * @example
 * ```ts
 * const candidates = [data.example(0), data.example(1), data.example(2)];
 * console.log(largestMassOf({ candidates, delta: 1 }, false)); // 1/3
 * ```
 */
export function largestMassOf({ candidates }: FinitePrior, knowsLabels: boolean): number {
  const total = candidates.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const largest = new Map<number, number>();
  for (const { label, weight = 1 } of candidates) {
    const group = knowsLabels ? label : 0;
    largest.set(group, Math.max(largest.get(group) ?? 0, weight));
  }
  return [...largest.values()].reduce((sum, weight) => sum + weight, 0) / total;
}
