import type { Batch, Client } from "../../client/index.ts";
import type { Density } from "../../distributions/index.ts";
import type { Gradients, Tensor } from "../../graph/index.ts";

/** What a client publishes with its update, by name. A mask is an example. */
export type Published = Readonly<Record<string, Tensor>>;

/**
 * What an attacker assumes about the client: how likely an update is, given the batch behind it and
 * what was published.
 */
export interface Likelihood {
  /** The assumption in a few words, for reports. */
  readonly name: string;
  /**
   * Whether the comparison goes through ‖g − G‖². The fast form of that loses its digits near a
   * perfect match.
   */
  readonly cancels: boolean;
  /**
   * Whether the comparison reads the entries of a gradient, and not only products of its factors.
   * Entries cost time and memory.
   */
  readonly entries: boolean;
  /** Whether it reads only the direction of an update, and not its length. The default is no. */
  readonly anyScale?: boolean;
  /**
   * The tensors that the attacker leaves out of the comparison, by name. The default is none.
   */
  readonly dropped?: readonly string[];
  /**
   * The density of an update, of all its tensors or of some of them: the others are left open.
   * Densities are with respect to volume. If an entry is exactly 0 with
   * positive probability, they are with respect to volume plus a unit mass at 0. They include their
   * constants.
   *
   * @throws LeakageError `spec` if the law does not fit the client or the batch, or if something
   * that it needs was not published.
   */
  given(client: Client): (batch: Batch, published?: Published) => Density<Gradients>;
  /**
   * The same check without a batch.
   *
   * @throws LeakageError `spec` that names what does not fit.
   */
  check?(client: Pick<Client, "model" | "mode">, batchSize: number): void;
  /**
   * E‖noise‖² over all entries of an update: what an answer leaves unexplained even if it is the
   * truth. It is absent if the assumption is no law of noise on every entry.
   */
  noiseEnergy?(client: Pick<Client, "parameters">, batchSize: number): number;
  /**
   * The same law with all its noise `factor` times as wide, up to a constant that depends on the
   * factor and not on the batch. A search narrows it step by step, so scores of different steps do
   * not compare. It is absent if there is no such law.
   */
  widened?(factor: Tensor): Likelihood;
}
