import type { Gradients, Shape, Tensor } from "../graph/index.ts";
import { type Mode, type Model, normalizationsOf, type Weights } from "../models/index.ts";
import type { Key } from "../random/index.ts";

/** Private inputs x [B, ...shape] in model space and label probabilities y [B, classes]. */
export interface Batch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/**
 * A participant of federated learning as the server knows it: everything but its data. The client
 * contains its protocol: `update` is what it computes from a batch before any defense.
 */
export interface Client {
  readonly model: Model;
  readonly mode: Mode;
  /** The names and shapes of what the client sends, in the order of the model's state_dict. */
  readonly parameters: readonly { readonly name: string; readonly shape: Shape }[];
  /** The value of a parameter or running statistic, as the server knows it. */
  weight(name: string): Tensor;
  /**
   * What the client sends for a batch.
   *
   * @param key the key of the network's random layers. Without a key they compute at the center of
   * their noise.
   */
  update(batch: Batch, key?: Key): Gradients;
  /** The tensors between the layers for a batch, by the names of {@link Model.forward}'s tap. */
  taps(batch: Batch): ReadonlyMap<string, Tensor>;
  /**
   * The same client with updates that are compared entry by entry. That is slower, and exact to the
   * last digit near a perfect match.
   */
  exactly(): Client;
  /**
   * The same client whose random layers compute with stated draws, whatever the key.
   *
   * @param draws [B, count] of {@link Model.draws}.
   */
  withDraws(draws: Tensor): Client;
  /**
   * The same client with another network, at the same weights.
   *
   * @param added weights of what the network has in addition, for those that the client has not.
   */
  withModel(model: Model, added: Weights): Client;
}

/**
 * The mean and the biased variance of a layer's inputs over batch and positions, one number per
 * channel.
 */
export interface InputStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * The statistics of a batch normalization's inputs: over this batch, and as the layer's running
 * statistics remember them.
 */
export interface LayerStatistics {
  readonly layer: string;
  readonly batch: InputStatistics;
  readonly running: InputStatistics;
}

/**
 * The statistics of the inputs of each batch normalization, from the first to the last. The list is
 * empty if the model has none.
 */
export function batchStatistics(client: Client, batch: Batch): readonly LayerStatistics[] {
  const taps = client.taps(batch);
  return normalizationsOf(client.model).map((layer) => ({
    layer,
    batch: { mean: taps.get(`${layer}.mean`)!, variance: taps.get(`${layer}.variance`)! },
    running: { mean: client.weight(`${layer}.running_mean`), variance: client.weight(`${layer}.running_var`) },
  }));
}
