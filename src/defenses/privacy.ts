/**
 * The differential privacy that a defense gives to what one client sends in one round. Its ε, for
 * some number of rounds, is an accountant's business.
 */
export interface Privacy {
  /**
   * A sum of vectors, one for each private item, with independent normal noise in every entry.
   * Whatever is done with the noisy sum keeps the privacy, so division by a number that everybody
   * knows does.
   */
  readonly mechanism: "gaussian";
  /**
   * The private item. `example`: one example more or less in the batch (add/remove adjacency) moves
   * the sum by at most `sensitivity`.
   */
  readonly level: "example";
  /** z > 0: the standard deviation of the noise, in units of `sensitivity`. */
  readonly multiplier: number;
  /** C > 0: the largest Euclidean length of the vector of one item, over all parameters. */
  readonly sensitivity: number;
}

/**
 * The `privacy` of a step that makes the update, and what was published, into something else by
 * chance or by rule, and looks at nothing private: it keeps what the steps before it give.
 */
export const postProcessing = (before: Privacy | undefined): Privacy | undefined => before;
