import type { Tensor } from "../graph/index.ts";
import type { Key } from "../random/index.ts";

/** How likely an event is, up to a constant. */
export interface Density<Event> {
  /** Logarithm of the density, a scalar. */
  logProb(event: Event): Tensor;
  /**
   * The same without its normalizing constant, where that can be told apart: what a search
   * maximizes. Over millions of entries the constants add up to numbers beside which float32 does
   * not see how much better one point is than another.
   */
  kernel?(event: Event): Tensor;
}

/** The kernel of a density, or where it tells of none its logarithm as it is. */
export const kernelOf = <Event>(density: Density<Event>, event: Event): Tensor =>
  density.kernel ? density.kernel(event) : density.logProb(event);

/** A density that can be drawn from, and is normalized. */
export interface Distribution<Event> extends Density<Event> {
  sample(key: Key): Event;
}

/** A distribution of tensors whose entries are independent. */
export interface Independent extends Distribution<Tensor> {
  /** Logarithm of each entry's density, in the shape of the event. */
  logProbs(event: Tensor): Tensor;
  /** The same without the constant, which is −`normalizer` an entry. */
  kernels(event: Tensor): Tensor;
  readonly normalizer: number;
  kernel(event: Tensor): Tensor;
}

/**
 * Entries with density exp(kernel − normalizer) each: `normalizer` is a number, so that the sum
 * over many entries takes it off once.
 */
export const independent = (kernels: (event: Tensor) => Tensor, normalizer: number, sample: (key: Key) => Tensor): Independent => ({
  kernels,
  normalizer,
  kernel: (event) => kernels(event).sum(),
  logProbs: (event) => kernels(event).sub(normalizer),
  logProb: (event) =>
    kernels(event)
      .sum()
      .sub(normalizer * event.size),
  sample,
});
