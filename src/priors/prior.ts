import type { Batch, Client } from "../client/index.ts";
import { type Density, type Distribution, kernelOf } from "../distributions/index.ts";
import { LeakageError } from "../errors.ts";
import { grad, type Shape, type Tensor } from "../graph/index.ts";
import type { Examples, Model } from "../models/index.ts";
import type { Key } from "../random/index.ts";

interface AnyPrior {
  /** Whether p(x | y) depends on the labels that the attacker receives or has recovered. */
  readonly usesLabels?: boolean;
  /** Where p(x | y) is positive, if that is not everywhere. A search stays there. */
  support?(client: Client): Support;
  /**
   * What a search for a point climbs in place of log p(x | y), up to a constant: the same law seen
   * through a little noise. The densest point of a law with corners may be a corner, near which
   * hardly anything lies.
   */
  softened?(client: Client): (batch: Batch) => Tensor;
}

/** The batches at which a prior is positive: a closed set for each label. */
export interface Support {
  /** The nearest batch of the set, [B, ...shape] in model space. */
  project(batch: Batch): Tensor;
  /** Whether the batch is in the set: one mask. */
  contains(batch: Batch): Tensor;
}

/** A prior that says how likely a batch is. */
export interface DensityPrior extends AnyPrior {
  /** The density of a batch x [B, ...shape] in model space, up to a constant. */
  density(client: Client): Density<Batch>;
  /** Draws batches [B, ...shape] in model space. It is absent if the prior has no sampler. */
  sample?(client: Client, batchSize: number): (key: Key) => Tensor;
  readonly score?: never;
}

/**
 * A prior that knows only in which direction a batch becomes likelier, as a denoiser does. Searches
 * that compare values cannot use it.
 */
export interface ScorePrior extends AnyPrior {
  /** ∇ₓ log p(x) at a batch, in the shape of x. It is not differentiated. */
  score(client: Client): (batch: Batch) => Tensor;
  readonly density?: never;
}

/** What an attacker assumes about the private inputs before it sees an update. */
export type Prior = DensityPrior | ScorePrior;

/** What a prior may use in addition to its parameters. */
export interface PriorContext {
  /** Training examples, for priors that are estimated from data, and what is known about their labels. */
  readonly examples?: Examples;
}

/** The prior whose batches [B, ...shape] follow a normalized law. */
export const following = (law: (model: Model, shape: Shape) => Distribution<Tensor>): DensityPrior => ({
  density: ({ model }) => ({
    logProb: ({ x }) => law(model, x.shape).logProb(x),
    kernel: ({ x }) => kernelOf(law(model, x.shape), x),
  }),
  sample: ({ model }, batchSize) => law(model, [batchSize, ...model.shape]).sample,
});

/**
 * The density of a prior.
 *
 * @throws LeakageError `spec` for a prior that has only a score.
 */
export function densityOf(prior: Prior, client: Client): Density<Batch> {
  if (prior.density) return prior.density(client);
  throw new LeakageError(
    "spec",
    "This prior has only a score, ∇ log p(x), and no density, so its values cannot be compared; use a prior with a density.",
  );
}

/**
 * What a search maximizes: log p(x) without its constant, softened if the prior says how. For a
 * prior that has only a score, the value is 0 and the derivative in x is that score.
 */
export function climbed(prior: Prior, client: Client): (batch: Batch) => Tensor {
  if (prior.softened) return prior.softened(client);
  if (prior.density) {
    const density = prior.density(client);
    return (batch) => kernelOf(density, batch);
  }
  const score = prior.score(client);
  return (batch) => {
    const along = score(batch).stopGradient().mul(batch.x).sum();
    return along.sub(along.stopGradient());
  };
}

/** ∇ₓ log p(x) of any prior. */
export function scoreOf(prior: Prior, client: Client): (batch: Batch) => Tensor {
  if (prior.score) return prior.score(client);
  const density = prior.density(client);
  return (batch) => grad(kernelOf(density, batch), [batch.x])[0]!;
}
