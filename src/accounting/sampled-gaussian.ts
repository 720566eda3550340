import { LeakageError } from "../errors.ts";

/**
 * The sampled Gaussian mechanism, some steps of it: each step draws every example by itself with a
 * rate q (Poisson sampling), adds up vectors of these of length at most C, and adds N(0, (zC)²) to
 * every entry. One example more or less is what is hidden (add/remove adjacency).
 */
export interface SampledGaussian {
  /** The noise multiplier z > 0. */
  readonly multiplier: number;
  /** The sampling rate q, from 0 to 1. */
  readonly rate: number;
  /** The number of steps, a whole number from 0 on. */
  readonly steps: number;
}

/**
 * @param dpDelta the δ of (ε, δ)-differential privacy.
 * @throws LeakageError `spec` for a number out of its range.
 */
export function requireMechanism({ multiplier, rate, steps }: SampledGaussian, dpDelta: number): void {
  requireDpDelta(dpDelta);
  if (!(multiplier > 0 && multiplier < Infinity))
    throw new LeakageError("spec", `A noise multiplier is a number above 0; got ${multiplier}.`);
  if (!(rate >= 0 && rate <= 1)) throw new LeakageError("spec", `A sampling rate is a number from 0 to 1; got ${rate}.`);
  if (!(Number.isSafeInteger(steps) && steps >= 0))
    throw new LeakageError("spec", `The number of steps is a whole number from 0 on; got ${steps}.`);
}

/** @throws LeakageError `spec` for a δ that is not between 0 and 1. */
export function requireDpDelta(dpDelta: number): void {
  if (!(dpDelta > 0 && dpDelta < 1))
    throw new LeakageError(
      "spec",
      `dpDelta, the δ of (ε, δ)-differential privacy, is a probability above 0 and below 1, and should be smaller than 1/n for n examples; got ${dpDelta}.`,
    );
}
