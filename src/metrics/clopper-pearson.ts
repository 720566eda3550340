import { LeakageError } from "../errors.ts";
import { binomialTail } from "./binomial.ts";
import { bonferroni, type Interval, requireConfidence, requireCount } from "./interval.ts";
import { invert } from "./invert.ts";

/**
 * Computes the exact two-sided interval of a proportion (Clopper and Pearson 1934). It covers every
 * true proportion with at least the stated confidence.
 *
 * @param successes how many of the draws succeeded.
 * @param n how many independent draws there were.
 * @param confidence the two-sided level, in (0, 1).
 * @throws LeakageError `spec` for a count or a confidence out of range.
 * @example
 * ```ts
 * import { clopperPearson } from "gradleak";
 *
 * clopperPearson(0, 72, 0.95); // { estimate: 0, lower: 0, upper: 0.0499… }
 * ```
 */
export function clopperPearson(successes: number, n: number, confidence: number): Interval {
  requireConfidence(confidence);
  requireCount(n, "draws");
  if (!(Number.isInteger(successes) && successes >= 0 && successes <= n))
    throw new LeakageError("spec", `The number of successes must be an integer from 0 to the number of draws, ${n}; got ${successes}.`);
  const outside = (1 - confidence) / 2;
  return {
    estimate: successes / n,
    lower: lowerEnd(successes, n, outside),
    // The upper end of a proportion is 1 minus the lower end of its complement.
    upper: 1 - lowerEnd(n - successes, n, outside),
  };
}

/** The p with P(X ≥ k) = outside for X ~ Binomial(n, p); 0 if k is 0. */
function lowerEnd(k: number, n: number, outside: number): number {
  if (k === 0) return 0;
  if (k === n) return outside ** (1 / n);
  return invert((p) => binomialTail(k, n, p), outside, 0, 1);
}

/**
 * The smallest number of independent draws at which zero recovered images put the upper end for the
 * recovered share at or below a threshold. With fewer draws, a gate `recovered > threshold` could
 * never pass.
 *
 * @param threshold in (0, 1).
 * @param confidence two-sided, for all attacks together.
 * @param attacks how many attacks share the confidence (Bonferroni).
 * @returns the smallest n with 1 − ((1 − confidence) / (2·attacks))^(1/n) ≤ threshold: 72 for 0.05,
 * 95 % and one attack.
 */
export function smallestPassingSample(threshold: number, confidence: number, attacks = 1): number {
  if (!(threshold > 0 && threshold < 1))
    throw new LeakageError("spec", `A threshold for the recovered share must be between 0 and 1, exclusive; got ${threshold}.`);
  const each = bonferroni(confidence, attacks);
  const passes = (n: number) => clopperPearson(0, n, each).upper <= threshold;
  let n = Math.max(1, Math.ceil(Math.log((1 - each) / 2) / Math.log1p(-threshold)));
  // The quotient is rounded, so the interval itself decides.
  while (n > 1 && passes(n - 1)) n--;
  while (!passes(n)) n++;
  return n;
}
