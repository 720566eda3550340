import type { Client } from "../client/index.ts";
import type { NamedNumbers, Shape } from "../graph/index.ts";

/** A round of federated learning, without the numbers that were sent. */
export interface RoundOutline {
  /** The client as the server knows it, with every change that its defense makes to the model. */
  readonly client: Client;
  /** Names and shapes [lanes, ...] of what is published with the updates. */
  readonly published?: ReadonlyMap<string, { readonly shape: Shape }>;
}

/**
 * What an attacker will see, without the numbers that are sent: enough to say whether an attack
 * fits.
 */
export interface Outline {
  /** What one batch was used in, round by round. Today's protocols have one. */
  readonly rounds: readonly RoundOutline[];
  /** How many batches are attacked together, each in a lane of its own. */
  readonly lanes: number;
  /** Inputs in one batch. */
  readonly batchSize: number;
  /** Label probabilities [lanes, batchSize, classes], where they are known. */
  readonly labels?: Float32Array;
}

/** What the server saw in one round. */
export interface Round extends RoundOutline {
  /** What the clients sent, by parameter name: [lanes, ...shape]. */
  readonly updates: NamedNumbers;
  /** What was published with the updates, by name: [lanes, ...]. */
  readonly published?: NamedNumbers;
}

/** All that an attacker is given. The private batch is not among it. */
export interface Observations extends Outline {
  readonly rounds: readonly Round[];
}
