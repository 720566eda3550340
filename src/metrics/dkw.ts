import { requireConfidence, requireCount } from "./interval.ts";

/**
 * Half the height of a band that covers a whole distribution function simultaneously (Dvoretzky,
 * Kiefer and Wolfowitz 1956, with the constant of Massart 1990): P(sup |F̂ₙ − F| > ε) ≤
 * 2·exp(−2nε²).
 *
 * @param n the number of independent draws, or of clusters of draws.
 * @param confidence the level of the whole band, in (0, 1).
 * @param clusterSize draws per cluster, equal for all clusters. The distribution function is then
 * the mean of one function for each place in a cluster, and the band covers all of these at once
 * (Bonferroni).
 * @throws LeakageError `spec` for a count or a confidence out of range.
 */
export function dkwBand(n: number, confidence: number, clusterSize = 1): number {
  requireConfidence(confidence);
  requireCount(n, "draws");
  requireCount(clusterSize, "draws in a cluster");
  return Math.sqrt(Math.log((2 * clusterSize) / (1 - confidence)) / (2 * n));
}
