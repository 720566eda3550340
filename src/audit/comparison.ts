import { clusterBootstrap, type Interval, mcnemar, tango } from "../metrics/index.ts";
import type { KeyBits } from "../random/index.ts";
import type { Tuning } from "../scenario/index.ts";
import type { AuditResult } from "./audit-result.ts";

/** The distances of one attack, one list per draw; null if a reconstruction is not a number. */
export type Distances = readonly (readonly (number | null)[])[];

/** Whether an image counts as recovered. */
export const within = (distance: number | null, delta: number): boolean => distance !== null && distance <= delta;

/**
 * Compares two attacks on the same draws: how often each recovers what the other does not, and how
 * much nearer one comes on average. Independent draws have McNemar's exact p-value and Tango's
 * interval. Batches have a bootstrap over batches and no p-value.
 *
 * @param key the key of the resamples.
 */
export function compareAttacks(
  first: Distances,
  second: Distances,
  delta: number,
  key: KeyBits,
  confidence: number,
): Omit<AuditResult["comparisons"][number], "defense" | "first" | "second" | "work" | "seconds"> {
  const count = (one: boolean, other: boolean) =>
    first.flat().filter((distance, i) => within(distance, delta) === one && within(seconds[i]!, delta) === other).length;
  const seconds = second.flat();
  const counts = { both: count(true, true), onlyFirst: count(true, false), onlySecond: count(false, true), neither: count(false, false) };
  const independent = first.every(({ length }) => length === 1);
  const finite = first.flatMap((draw, i) => {
    const differences = draw.flatMap((distance, b) => {
      const other = second[i]![b]!;
      return distance === null || other === null ? [] : [distance - other];
    });
    return differences.length ? [differences] : [];
  });
  const difference = (): Interval =>
    independent
      ? tango(counts, confidence)
      : clusterBootstrap(
          first.map((draw, i) => draw.map((distance, b) => Number(within(distance, delta)) - Number(within(second[i]![b]!, delta)))),
          key,
          { confidence },
        );
  return {
    ...counts,
    pValue: independent ? mcnemar(counts) : null,
    recovered: { ...difference(), interval: independent ? "tango" : "cluster-bootstrap" },
    distance: finite.length < 2 ? null : { ...clusterBootstrap(finite, key, { confidence }), images: finite.flat().length },
  };
}

/**
 * Whether two attacks on a defense can be compared: both were tuned behind it on the same draws in
 * the same setting, by the same criterion, with as many candidates. Whether they did equal work is
 * said beside the comparison.
 */
export const comparable = (one: Tuning | undefined, other: Tuning | undefined): boolean =>
  one !== undefined &&
  other !== undefined &&
  one.settingHash === other.settingHash &&
  one.by === other.by &&
  one.candidates === other.candidates &&
  one.draws === other.draws;
