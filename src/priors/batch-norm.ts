import { z } from "zod";
import { batchStatistics, type LayerStatistics } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import { addAll, root, type Tensor } from "../graph/index.ts";
import type { Model } from "../models/index.ts";
import { part } from "../parts/index.ts";
import type { Prior } from "./prior.ts";

/**
 * −log p(x) = weight · Σ over layers ‖μ(x) − running mean‖₂ + ‖σ²(x) − running variance‖₂. μ and σ²
 * are the mean and the biased variance of the inputs of each batch normalization over the batch.
 * The first layer of the network counts `first` times. This is the feature regularization of
 * DeepInversion (Yin et al. 2020), which GradInversion (Yin et al. 2021) weights by 0.1.
 *
 * The running statistics are those of the client's weights; see `estimateStatistics` for weights
 * without them. A batch of one image is allowed: its statistics are over positions.
 */
export const batchNorm = part({
  kind: "batch-norm",
  doc: "Prefers batches whose statistics match the running statistics of each batch normalization.",
  params: {
    weight: z
      .number()
      .nonnegative()
      .default(0.1)
      .describe("The factor of the distances between statistics. Larger values trust the prior more."),
    first: z.number().nonnegative().default(10).describe("An additional factor of the first normalization of the network."),
    layers: z
      .union([z.literal("all"), z.array(z.int().nonnegative()).min(1)])
      .default("all")
      .describe("The normalizations that count: all, or a list of their numbers from 0."),
  },
  build: ({ weight, first, layers }): Prior => ({
    density: (client) => {
      const chosen = chosenLayers(client.model, layers);
      return {
        logProb: (batch) => {
          const statistics = batchStatistics(client, batch);
          return addAll(chosen.map((i) => apart(statistics[i]!).mul(i === 0 ? first : 1)))!.mul(-weight);
        },
      };
    },
  }),
});

const apart = ({ batch, running }: LayerStatistics): Tensor =>
  norm(batch.mean.sub(running.mean)).add(norm(batch.variance.sub(running.variance)));

const norm = (x: Tensor): Tensor => root(x.square().sum());

/** @throws LeakageError `spec` if the network has no such layers. */
function chosenLayers({ statistics }: Model, layers: "all" | readonly number[]): readonly number[] {
  // Each normalization has a mean and a variance.
  const count = statistics.length / 2;
  if (count === 0)
    throw new LeakageError("spec", "The prior batch-norm needs a network with batch normalization, and this network has none.");
  if (layers === "all") return Array.from({ length: count }, (_, i) => i);
  const outside = layers.find((layer) => layer >= count);
  if (outside !== undefined)
    throw new LeakageError(
      "spec",
      `The prior batch-norm names layer ${outside}, but the network has ${count} normalizations, counted from 0.`,
    );
  if (new Set(layers).size < layers.length)
    throw new LeakageError("spec", "The prior batch-norm names a layer twice; name each layer once.");
  return layers;
}
