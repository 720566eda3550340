import { binomialTail } from "./binomial.ts";
import { requireCount } from "./interval.ts";

/** How often exactly one of two attacks succeeded on the same draws. */
export interface Discordant {
  readonly onlyFirst: number;
  readonly onlySecond: number;
}

/**
 * The exact two-sided p-value of McNemar's test. Its null hypothesis is that two attacks succeed
 * equally often on the same independent draws. The value is twice the smaller tail of
 * Binomial(onlyFirst + onlySecond, 1/2), at most 1.
 *
 * @throws LeakageError `spec` for a count that is negative or not an integer.
 */
export function mcnemar({ onlyFirst, onlySecond }: Discordant): number {
  requireCount(onlyFirst, "draws on which only the first succeeded", 0);
  requireCount(onlySecond, "draws on which only the second succeeded", 0);
  return Math.min(1, 2 * binomialTail(Math.max(onlyFirst, onlySecond), onlyFirst + onlySecond, 0.5));
}
