import type { Batch, Client } from "../client/index.ts";
import { type Density, type Distribution, kernelOf } from "../distributions/index.ts";
import type { Shape, Tensor } from "../graph/index.ts";
import type { Examples, Model } from "../models/index.ts";
import type { Key } from "../random/index.ts";

/** What an attacker assumes about the private pictures before it sees an update. */
export interface Prior {
  /** log p(x) of a batch x [B, ...shape] in model space. */
  density(client: Client): Density<Batch>;
  /** Draws batches [B, ...shape] in model space; absent where the prior has no sampler. */
  sample?(client: Client, batchSize: number): (key: Key) => Tensor;
}

/** What a prior may use beside its parameters. */
export interface PriorContext {
  /** Training pictures, for priors that are estimated from data. */
  readonly examples?: Examples;
}

/** The prior whose batches [B, ...shape] follow a normalized law. */
export const following = (law: (model: Model, shape: Shape) => Distribution<Tensor>): Prior => ({
  density: ({ model }) => ({
    logProb: ({ x }) => law(model, x.shape).logProb(x),
    kernel: ({ x }) => kernelOf(law(model, x.shape), x),
  }),
  sample: ({ model }, batchSize) => law(model, [batchSize, ...model.shape]).sample,
});
