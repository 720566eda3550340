import { LeakageError } from "../errors.ts";
import { binomialTail } from "./binomial.ts";
import { bonferroni, type Interval, requireConfidence, requireCount } from "./interval.ts";
import { invert } from "./invert.ts";

/**
 * The exact two-sided interval of a proportion (Clopper and Pearson 1934): it holds with at least
 * the stated confidence for every true proportion.
 *
 * @param successes how often it happened, in `n` independent draws.
 * @throws LeakageError `spec` for a count or a confidence that is out of range.
 */
export function clopperPearson(successes: number, n: number, confidence: number): Interval {
  requireConfidence(confidence);
  requireCount(n, "draws");
  if (!(Number.isInteger(successes) && successes >= 0 && successes <= n))
    throw new LeakageError("spec", `Successes are counted from 0 to the number of draws, ${n}; got ${successes}.`);
  const outside = (1 - confidence) / 2;
  return {
    estimate: successes / n,
    lower: lowerEnd(successes, n, outside),
    // A proportion's upper end is the lower end of its complement.
    upper: 1 - lowerEnd(n - successes, n, outside),
  };
}

/** The p with P(X ≥ k) = outside, X ~ Binomial(n, p); 0 where k is 0. */
function lowerEnd(k: number, n: number, outside: number): number {
  if (k === 0) return 0;
  if (k === n) return outside ** (1 / n);
  return invert((p) => binomialTail(k, n, p), outside, 0, 1);
}

/**
 * The fewest independent draws after which "nothing was recovered" can put the upper end for the
 * recovered share at or below a threshold. With fewer, a gate `recovered > threshold` could never
 * pass.
 *
 * @param threshold in (0, 1).
 * @param confidence two-sided, of all attacks together.
 * @param attacks whose intervals share the confidence (Bonferroni).
 * @returns the least n with 1 − ((1 − confidence) / (2·attacks))^(1/n) ≤ threshold: 72 for 0.05, 95
 * % and one attack.
 */
export function smallestPassingSample(threshold: number, confidence: number, attacks = 1): number {
  if (!(threshold > 0 && threshold < 1))
    throw new LeakageError("spec", `A threshold for the recovered share lies between 0 and 1, both excluded; got ${threshold}.`);
  const each = bonferroni(confidence, attacks);
  const passes = (n: number) => clopperPearson(0, n, each).upper <= threshold;
  let n = Math.max(1, Math.ceil(Math.log((1 - each) / 2) / Math.log1p(-threshold)));
  // The quotient is rounded; the interval itself decides.
  while (n > 1 && passes(n - 1)) n--;
  while (!passes(n)) n++;
  return n;
}
