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
