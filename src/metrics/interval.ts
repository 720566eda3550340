import { LeakageError } from "../errors.ts";

/** An estimate between the ends of its confidence interval. */
export interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

/** The interval of 1 − p from that of p: of the risk from that of the recovered share, and back. */
export const complement = ({ estimate, lower, upper }: Interval): Interval => ({
  estimate: 1 - estimate,
  lower: 1 - upper,
  upper: 1 - lower,
});

/** @throws LeakageError `spec` unless 0 < confidence < 1. */
export function requireConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1))
    throw new LeakageError("spec", `A confidence level lies between 0 and 1, both excluded, such as 0.95; got ${confidence}.`);
}

/** @throws LeakageError `spec` unless the count is an integer of at least `fewest`. */
export function requireCount(count: number, what: string, fewest = 1): void {
  if (!(Number.isSafeInteger(count) && count >= fewest))
    throw new LeakageError("spec", `The number of ${what} is an integer of at least ${fewest}; got ${count}.`);
}

/**
 * The confidence that each of several intervals needs so that all of them hold together with the
 * one that is asked for (Bonferroni): 1 − (1 − confidence) / intervals.
 */
export function bonferroni(confidence: number, intervals: number): number {
  requireConfidence(confidence);
  requireCount(intervals, "intervals");
  return 1 - (1 - confidence) / intervals;
}
