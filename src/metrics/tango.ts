import { normalQuantile } from "../accounting/index.ts";
import { type Interval, requireConfidence, requireCount } from "./interval.ts";
import type { Discordant } from "./mcnemar.ts";

/** Counts of the outcomes of two attacks on the same draws. */
export interface PairedOutcomes extends Discordant {
  readonly both: number;
  readonly neither: number;
}

/**
 * Computes Tango's score interval for the difference of two paired proportions, P(first succeeds) −
 * P(second succeeds) (Tango 1998, Statistics in Medicine 17): all differences that a score test
 * would not reject. The draws must be independent.
 *
 * @throws LeakageError `spec` for counts that are not integers of at least 0, for no draws at all,
 * or for a confidence out of range.
 */
export function tango({ both, onlyFirst, onlySecond, neither }: PairedOutcomes, confidence: number): Interval {
  requireConfidence(confidence);
  for (const count of [both, onlyFirst, onlySecond, neither]) requireCount(count, "draws with one outcome", 0);
  const n = both + onlyFirst + onlySecond + neither;
  requireCount(n, "draws");
  const z = normalQuantile((1 + confidence) / 2);
  const estimate = (onlyFirst - onlySecond) / n;
  const end = (limit: -1 | 1) => {
    let [inside, outside] = [estimate, limit as number];
    for (;;) {
      const middle = (inside + outside) / 2;
      if (middle === inside || middle === outside) return middle;
      if (Math.abs(score(middle, onlyFirst, onlySecond, n)) < z) inside = middle;
      else outside = middle;
    }
  };
  return { estimate, lower: end(-1), upper: end(1) };
}

/**
 * The score statistic for a difference: its distance from the observed difference, divided by its
 * standard error under the likeliest proportions with that difference.
 */
function score(difference: number, onlyFirst: number, onlySecond: number, n: number): number {
  const b = (2 * n - onlyFirst + onlySecond) * difference - onlyFirst - onlySecond;
  const c = -onlySecond * difference * (1 - difference);
  // The likeliest P(only the second succeeds) is the positive root of 2n·q² + b·q + c.
  const q = (Math.sqrt(Math.max(0, b * b - 8 * n * c)) - b) / (4 * n);
  return (onlyFirst - onlySecond - n * difference) / Math.sqrt(n * (2 * q + difference * (1 - difference)));
}
