import type { Likelihood } from "../defenses/index.ts";
import type { Prior } from "../priors/index.ts";

/** The ball B(x, δ) of an assumption, around each input of a batch. */
export interface Neighborhood {
  /** k, the number of points that each step draws in the ball. */
  readonly samples: number;
  /** The radius δ. */
  readonly radius: number;
  /**
   * The space in which δ is a distance: between pixels in [0, 1], or between inputs as the network
   * sees them.
   */
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
  /**
   * Whether what the network draws at random is searched together with the inputs, from N(0, 1) on.
   * Without it, the network computes at the center of its noise, or where the likelihood says.
   */
  readonly draws?: {
    /** The factor of the logarithm of its density. It is 1 beside a likelihood that is a law. */
    readonly weight: number;
  };
}

/**
 * The positions of a point's inputs, of the logits of its labels and of the draws of its forward
 * pass, if these are searched.
 */
export interface Layout {
  /** The number of entries of the inputs, which come first. */
  readonly inputs: number;
  /** The number of entries of the logits, which come next. */
  readonly labels: number;
  /** The number of entries of the whole point. */
  readonly size: number;
}
