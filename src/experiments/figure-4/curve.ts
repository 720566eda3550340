import { distanceQuantiles, meanInterval } from "../../metrics/index.ts";
import { digits } from "../digits.ts";
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

/** Distances after the last step by network, a draw each. */
export type FinalDistances = readonly (readonly number[])[];

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

  get final(): FinalDistances {
    return this.distances.at(-1)!.map((own) => [...own]);
  }

  /** Mean distance after the last step. */
  get score(): number {
    return digits(mean(this.final.flat()));
  }

  /**
   * Means with their bands, medians and quantiles, and the paired difference from the optimal
   * adversary on the same draws.
   */
  summary(optimal: FinalDistances): Omit<Series, "prior" | "conditional" | "width" | "classes" | "k" | "delta"> {
    const { final } = this;
    const differences = final.map((own, i) => own.map((distance, j) => distance - optimal[i]![j]!));
    const all = final.flat();
    const steps = this.distances.map((groups) => ({ ...band(groups), median: median(groups) }));
    return {
      n: all.length,
      finalDistance: { ...band(final), median: median(final) },
      minusBayes: band(differences),
      byNetwork: final.map((own) => digits(mean(own))),
      quantiles: distanceQuantiles(all, [0.05, 0.25, 0.5, 0.75, 0.95]).quantiles.map(({ probability, distance }) => ({
        probability,
        distance: digits(distance),
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

type Groups = Parameters<typeof meanInterval>[0];

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function band(groups: Groups) {
  const { estimate, lower, upper } = meanInterval(groups, confidence);
  return { mean: digits(estimate), low: digits(lower), high: digits(upper) };
}

function median(groups: Groups): number {
  const sorted = Float64Array.from(groups.flatMap((group) => Array.from(group))).sort();
  return digits((sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2);
}
