import type { Tensor } from "../graph/index.ts";
import type { Key } from "../random/index.ts";

/** A density of events, known up to a constant factor. */
export interface Density<Event> {
  /** Logarithm of the density, as a scalar. */
  logProb(event: Event): Tensor;
  /**
   * The logarithm without its normalizing constant, if the two can be separated. A search maximizes
   * this kernel. Over millions of entries, the constants add up to a number so large that float32
   * no longer resolves how much better one point is than another.
   */
  kernel?(event: Event): Tensor;
}

/** The kernel of a density, or its full logarithm if it has no separate kernel. */
export const kernelOf = <Event>(density: Density<Event>, event: Event): Tensor =>
  density.kernel ? density.kernel(event) : density.logProb(event);

/** A normalized density that can be sampled. */
export interface Distribution<Event> extends Density<Event> {
  sample(key: Key): Event;
}

/** A distribution of tensors whose entries are independent. */
export interface Independent extends Distribution<Tensor> {
  /** Logarithm of each entry's density, in the shape of the event. */
  logProbs(event: Tensor): Tensor;
  /** The same without the constant, which is −`normalizer` per entry. */
  kernels(event: Tensor): Tensor;
  readonly normalizer: number;
  kernel(event: Tensor): Tensor;
}

/**
 * Makes a distribution of independent entries with density exp(kernel − normalizer) each.
 * `normalizer` is a number, so a sum over many entries subtracts it once.
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
