import { LeakageError } from "../errors.ts";
import { type Interval, requireConfidence } from "./interval.ts";
import { studentQuantile } from "./student.ts";

/**
 * Computes Student's interval for the mean of many values. If the values come in fixed groups, such
 * as inputs of a few networks, the interval covers the variation inside these groups: the variance
 * of the mean is Σ (n_h/N)² s_h²/n_h, with N − H degrees of freedom. It says nothing about other
 * groups.
 *
 * @throws LeakageError `spec` for a group of fewer than 2 values or a confidence outside (0, 1).
 */
export function meanInterval(groups: readonly ArrayLike<number>[], confidence: number): Interval {
  requireConfidence(confidence);
  if (groups.length === 0 || groups.some(({ length }) => length < 2))
    throw new LeakageError(
      "spec",
      `The interval of a mean needs at least 2 values per group; got ${groups.map(({ length }) => length).join(", ") || "none"}.`,
    );
  const count = groups.reduce((sum, { length }) => sum + length, 0);
  let estimate = 0;
  let variance = 0;
  for (const group of groups) {
    const values = Array.from(group);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    estimate += (mean * values.length) / count;
    variance += ((values.length / count) ** 2 * squares) / (values.length - 1) / values.length;
  }
  const reach = studentQuantile((1 + confidence) / 2, count - groups.length) * Math.sqrt(variance);
  return { estimate, lower: estimate - reach, upper: estimate + reach };
}
