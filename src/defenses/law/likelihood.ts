import type { Batch, Client } from "../../client/index.ts";
import type { Density } from "../../distributions/index.ts";
import type { Gradients, Tensor } from "../../graph/index.ts";

/** What a client publishes with its update, by name: a mask, for example. */
export type Published = Readonly<Record<string, Tensor>>;

/**
 * What an attacker assumes of the client: how likely an update is, given the batch behind it and
 * what was published.
 */
export interface Likelihood {
  /** In a few words, for reports. */
  readonly name: string;
  /**
   * Whether it compares through ‖g − G‖², whose fast form loses its digits near a perfect match.
   */
  readonly cancels: boolean;
  /**
   * Whether it reads the entries of a gradient, and not only products of its factors: that costs
   * time and memory.
   */
  readonly entries: boolean;
  /**
   * The density of an update. Densities are with respect to volume; where an entry is exactly 0
   * with positive probability, with respect to volume plus a unit mass at 0. They include their
   * constants.
   *
   * @throws LeakageError `spec` where the law does not fit the client or the batch, or where what
   * it needs was not published.
   */
  given(client: Client): (batch: Batch, published?: Published) => Density<Gradients>;
  /**
   * The same refusal without a batch at hand. @throws LeakageError `spec` that names what does not
   * fit.
   */
  check?(client: Pick<Client, "model" | "mode">, batchSize: number): void;
  /**
   * The same law with all its noise `factor` times as wide, up to a constant that depends on the
   * factor and not on the batch. A search narrows it step by step, so scores of different steps do
   * not compare. Absent where there is no such law.
   */
  widened?(factor: Tensor): Likelihood;
}
