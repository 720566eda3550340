import { LeakageError } from "../errors.ts";
import { foldIn, type KeyBits, randomBits } from "../random/index.ts";
import { requireConfidence, requireCount } from "./interval.ts";

/** Options of a bootstrap. */
export interface BootstrapOptions {
  /** The two-sided level, in (0, 1). */
  readonly confidence: number;
  /** The number of resamples, drawn with replacement; 2000 by default, 100 at least. */
  readonly resamples?: number;
}

/**
 * Computes a statistic of each resample and sorts the results. Resample r draws its places in [0,
 * n) from the key folded with r: place i is ⌊n · word i / 2³²⌋.
 */
export function resample(n: number, key: KeyBits, resamples: number, statistic: (places: Uint32Array) => number): Float64Array {
  const all = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    const places = randomBits(foldIn(key, r), n);
    for (let i = 0; i < n; i++) places[i] = Math.floor((places[i]! * n) / 2 ** 32);
    all[r] = statistic(places);
  }
  return all.sort();
}

/** Checks the options and the values, and returns the number of resamples. */
export function requireBootstrap(values: readonly number[], { confidence, resamples = 2000 }: BootstrapOptions): number {
  requireConfidence(confidence);
  requireCount(resamples, "resamples", 100);
  requireCount(values.length, "values to resample", 2);
  const place = values.findIndex((value) => !Number.isFinite(value));
  if (place >= 0) throw new LeakageError("spec", `A bootstrap needs finite numbers; value ${place} is ${values[place]}.`);
  return resamples;
}
