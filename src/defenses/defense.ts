import type { Batch, Client } from "../client/index.ts";
import type { Density } from "../distributions/index.ts";
import type { Gradients, Tensor } from "../graph/index.ts";
import type { Key } from "../random/index.ts";
import type { Step } from "./step.ts";

/** What a client publishes beside its update, by name: a mask, say. */
export type Disclosed = Readonly<Record<string, Tensor>>;

/** What an attacker assumes about the client: how likely an update is, given the batch behind it and what the protocol publishes. */
export interface Likelihood {
  /** In one word, for reports. */
  readonly name: string;
  /** Whether it compares through ‖g − G‖², whose fast form loses its digits near a perfect match. */
  readonly cancels: boolean;
  /**
   * Densities are with respect to volume, where an entry is exactly 0 with positive probability to volume plus a unit mass at 0, and include their constants; kernels
   * lack what does not depend on the batch.
   *
   * @throws LeakageError `spec` where the law does not fit the client or the batch, or where what it needs was not published.
   */
  given(client: Client): (batch: Batch, open?: Disclosed) => Density<Gradients>;
  /** The same refusal without a batch at hand. @throws LeakageError `spec` that names what does not fit: the client or the size of its batch. */
  check?(client: Pick<Client, "model" | "mode">, batchSize: number): void;
  /**
   * The same law with all its noise `factor` times as wide, up to a constant that depends on the factor and not on the batch: what a search narrows step by step, so that
   * scores compare at one step only. Absent where there is no such law.
   */
  widened?(factor: Tensor): Likelihood;
}

/** What a client does before it sends, with its law where that can be written down. */
export interface Defense {
  send(client: Client): (batch: Batch, key: Key) => { readonly update: Gradients; readonly open?: Disclosed };
  /** Absent where the update has no density: without noise its law is a point mass. */
  readonly likelihood?: Likelihood;
  /**
   * Of a defense without noise: a Gaussian around the update that the batch would give, which an attacker takes for the point mass. Its standard deviation is
   * `width` times the root mean square of the observed entries; without its constant.
   */
  narrow?(width: number): Likelihood;
  /** The steps it is made of, where it can be chained with others. */
  readonly steps?: readonly Step[];
  /** @throws LeakageError `spec` that names what does not fit: the client or the size of its batch. */
  check?(client: Pick<Client, "model" | "mode">, batchSize: number): void;
}
