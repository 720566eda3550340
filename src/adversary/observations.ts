import type { Client } from "../client/index.ts";
import type { NamedNumbers, Shape } from "../graph/index.ts";

/** A round of federated learning, without the numbers that were sent. */
export interface RoundOutline {
  /** The client as the server knows it, with every change that its defense makes to the model. */
  readonly client: Client;
  /** The names and shapes [lanes, ...] of what is published with the updates. */
  readonly published?: ReadonlyMap<string, { readonly shape: Shape }>;
}

/**
 * What an attacker will see, without the numbers that are sent. It is enough to say whether an
 * attack fits.
 */
export interface Outline {
  /** The rounds that used one batch. Today's protocols have one round. */
  readonly rounds: readonly RoundOutline[];
  /** The number of batches that are attacked together, each in its own lane. */
  readonly lanes: number;
  /** The number of inputs in one batch. */
  readonly batchSize: number;
  /**
   * The label probabilities [lanes, batchSize, classes], if they are known. Without them, the
   * attack searches for labels jointly.
   */
  readonly labels?: Float32Array;
}

/** What the server saw in one round. */
export interface Round extends RoundOutline {
  /** What the clients sent, by parameter name, each of shape [lanes, ...shape]. */
  readonly updates: NamedNumbers;
  /** What was published with the updates, by name, each of shape [lanes, ...]. */
  readonly published?: NamedNumbers;
}

/** Everything that an attacker receives. The private batch is not part of it. */
export interface Observations extends Outline {
  readonly rounds: readonly Round[];
}
