import { LeakageError } from "../errors.ts";

/** An estimate with the ends of its confidence interval. */
export interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

/** Turns the interval of p into that of 1 − p: the recovered share into the risk, and back. */
export const complement = ({ estimate, lower, upper }: Interval): Interval => ({
  estimate: 1 - estimate,
  lower: 1 - upper,
  upper: 1 - lower,
});

/** @throws LeakageError `spec` unless 0 < confidence < 1. */
export function requireConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1))
    throw new LeakageError("spec", `A confidence level must be between 0 and 1, exclusive, such as 0.95; got ${confidence}.`);
}

/** @throws LeakageError `spec` unless the count is an integer of at least `fewest`. */
export function requireCount(count: number, what: string, fewest = 1): void {
  if (!(Number.isSafeInteger(count) && count >= fewest))
    throw new LeakageError("spec", `The number of ${what} must be an integer of at least ${fewest}; got ${count}.`);
}

/**
 * The confidence that each of several intervals needs so that all of them hold together with the
 * requested confidence (Bonferroni): 1 − (1 − confidence) / intervals.
 *
 * @throws LeakageError `spec` for a confidence or a count out of range.
 */
export function bonferroni(confidence: number, intervals: number): number {
  requireConfidence(confidence);
  requireCount(intervals, "intervals");
  return 1 - (1 - confidence) / intervals;
}
