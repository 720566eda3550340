import type { Likelihood } from "../defenses/index.ts";
import type { Prior } from "../priors/index.ts";

/** The ball B(x, δ) of an assumption, around each input of a batch. */
export interface Neighborhood {
  /** k, the points drawn in it at each step. */
  readonly samples: number;
  /** δ. */
  readonly radius: number;
  /** Where δ is a distance: between images in [0, 1], or as the network sees them. */
  readonly space: "pixel" | "model";
  readonly bound: "jensen" | "log-mean-exp";
  readonly points: "independent" | "antithetic";
}

/** What an attacker believes. */
export interface Assumption {
  readonly likelihood: Likelihood;
  readonly prior: Prior;
  /**
   * The ball that Algorithm 1 averages over. Without one, or with a radius of 0, the attack judges
   * single points.
   */
  readonly ball?: Neighborhood;
}

/** Where a point keeps its inputs, and the logits of its labels where it looks for them. */
export interface Layout {
  /** Entries of the inputs, which come first. */
  readonly inputs: number;
  /** Entries of the whole point. */
  readonly size: number;
}
