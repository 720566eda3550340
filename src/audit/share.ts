import { clopperPearson, clusterProportion, type Interval } from "../metrics/index.ts";
import type { KeyBits } from "../random/index.ts";

/**
 * The share of successes with its interval, from one list per draw. It is exact for independent
 * draws, and a bootstrap over batches otherwise.
 */
export function shareOf(draws: readonly (readonly boolean[])[], key: KeyBits, confidence: number): Interval {
  if (draws.some(({ length }) => length > 1)) return clusterProportion(draws, key, { confidence });
  return clopperPearson(draws.flat().filter(Boolean).length, draws.length, confidence);
}
