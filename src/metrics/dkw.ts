import { requireConfidence, requireCount } from "./interval.ts";

/**
 * Half the height of the band that holds a whole distribution function at once (Dvoretzky, Kiefer
 * and Wolfowitz 1956, with Massart's constant 1990): P(sup |F̂ₙ − F| > ε) ≤ 2·exp(−2nε²).
 *
 * @param n independent draws, or clusters of draws.
 * @param clusterSize draws in a cluster, the same in each. The distribution function is then the
 * mean of one for each place in a cluster, and the band holds
 *   for all of these at once (Bonferroni).
 * @throws LeakageError `spec` for a count or a confidence that is out of range.
 */
export function dkwBand(n: number, confidence: number, clusterSize = 1): number {
  requireConfidence(confidence);
  requireCount(n, "draws");
  requireCount(clusterSize, "draws in a cluster");
  return Math.sqrt(Math.log((2 * clusterSize) / (1 - confidence)) / (2 * n));
}
