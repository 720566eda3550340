import { distanceQuantiles, meanInterval } from "../metrics/index.ts";
import type { Series } from "./figure-4-result.ts";

/** Of every band. */
export const confidence = 0.95;

/** Draws of one network that are attacked together, as a curve takes them. */
export interface Part {
  /** Distances after a step, a draw each; those beyond the last draw are left out. */
  record(step: number, distances: Float64Array): void;
  /** Which of the draws ended with an objective that was not a number. */
  fail(failed: readonly boolean[]): void;
}

/** Distances of every draw by step, for one adversary in one setting. */
export class Curve {
  /** By step, then by network: a distance a draw. */
  private readonly distances: readonly (readonly Float64Array[])[];
  private readonly samples: number;
  private failed = 0;

  constructor(networks: number, samples: number, steps: number) {
    this.samples = samples;
    this.distances = Array.from({ length: steps + 1 }, () => Array.from({ length: networks }, () => new Float64Array(samples)));
  }

  /** The part of the curve that draws from `from` on of a network fill. */
  part(network: number, from: number): Part {
    let last = -1;
    return {
      record: (step, distances) => {
        // An attack whose lanes all ended says no more: what it had stays.
        for (let at = last + 1; at <= step; at++) this.distances[at]![network]!.set(distances.subarray(0, this.samples - from), from);
        last = step;
      },
      fail: (failed) => {
        this.failed += failed.slice(0, this.samples - from).filter(Boolean).length;
      },
    };
  }

  private get final(): readonly Float64Array[] {
    return this.distances.at(-1)!;
  }

  /** Mean distance after the last step. */
  get score(): number {
    const all = this.final.flatMap((own) => [...own]);
    return rounded(all.reduce((sum, distance) => sum + distance, 0) / all.length);
  }

  /** Means with their bands, medians and quantiles, and the paired difference from another curve of the same draws. */
  summary(optimal: Curve): Omit<Series, "prior" | "conditional" | "width" | "classes" | "k" | "delta"> {
    const { final } = this;
    const differences = final.map((own, i) => own.map((distance, j) => distance - optimal.final[i]![j]!));
    const all = final.flatMap((own) => [...own]);
    const steps = this.distances.map((groups) => ({ ...band(groups), median: median(groups) }));
    return {
      n: all.length,
      finalDistance: { ...band(final), median: median(final) },
      minusBayes: band(differences),
      byNetwork: final.map((own) => rounded(own.reduce((sum, distance) => sum + distance, 0) / own.length)),
      quantiles: distanceQuantiles(all, [0.05, 0.25, 0.5, 0.75, 0.95]).quantiles.map(({ probability, distance }) => ({
        probability,
        distance: rounded(distance),
      })),
      failed: this.failed,
      distance: {
        step: steps.map((_, step) => step),
        mean: steps.map(({ mean }) => mean),
        low: steps.map(({ low }) => low),
        high: steps.map(({ high }) => high),
        median: steps.map(({ median }) => median),
      },
    };
  }
}

/** Six digits say all that a float32 attack has to say. */
const rounded = (value: number): number => Number(value.toPrecision(6));

function band(groups: readonly Float64Array[]) {
  const { estimate, lower, upper } = meanInterval(groups, confidence);
  return { mean: rounded(estimate), low: rounded(lower), high: rounded(upper) };
}

function median(groups: readonly Float64Array[]): number {
  const sorted = Float64Array.from(groups.flatMap((group) => [...group])).sort();
  return rounded((sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2);
}
