import { complement, distanceQuantiles, type Interval } from "../metrics/index.ts";
import type { KeyBits } from "../random/index.ts";
import { type Distances, within } from "./comparison.ts";
import { shareOf } from "./share.ts";

/**
 * The share of recovered inputs with its interval, which is exact for independent draws and over
 * batches otherwise.
 */
export function recoveredShare(distances: Distances, delta: number, key: KeyBits, confidence: number): Interval {
  return shareOf(
    distances.map((draw) => draw.map((distance) => within(distance, delta))),
    key,
    confidence,
  );
}

/** The shares of recovered inputs and of the others, with quantiles of the distance. */
export function shares(distances: Distances, delta: number, key: KeyBits, confidence: number) {
  const recovered = recoveredShare(distances, delta, key, confidence);
  const { quantiles } = distanceQuantiles(distances.flat().map((distance) => distance ?? Infinity));
  return {
    recovered,
    risk: complement(recovered),
    quantiles: quantiles.map(({ probability, distance }) => ({ probability, distance: Number.isFinite(distance) ? distance : null })),
  };
}
