import type { Tensor } from "../graph/index.ts";
import type { Key } from "../random/index.ts";

/** How likely an event is, up to a constant. */
export interface Density<Event> {
  /** Logarithm of the density, a scalar. */
  logProb(event: Event): Tensor;
}

/** A density that can be drawn from, and is normalized. */
export interface Distribution<Event> extends Density<Event> {
  sample(key: Key): Event;
}

/** A distribution of tensors whose entries are independent. */
export interface Independent extends Distribution<Tensor> {
  /** Logarithm of each entry's density, in the shape of the event. */
  logProbs(event: Tensor): Tensor;
}

/** Entries with density exp(kernel − normalizer) each: `normalizer` is a number, so that the sum over many entries takes it off once. */
export const independent = (kernel: (event: Tensor) => Tensor, normalizer: number, sample: (key: Key) => Tensor): Independent => ({
  logProbs: (event) => kernel(event).sub(normalizer),
  logProb: (event) =>
    kernel(event)
      .sum()
      .sub(normalizer * event.size),
  sample,
});
