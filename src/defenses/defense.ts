import type { Batch, Client } from "../client/index.ts";
import type { Density, Distribution } from "../distributions/index.ts";
import { Gradients, type Tensor } from "../graph/index.ts";
import type { Key } from "../random/index.ts";

/** What a client publishes beside its update, by name: a fixed mask, say. */
export type Disclosed = Readonly<Record<string, Tensor>>;

/** What an attacker assumes about the client: how likely an update is, given the batch behind it and what the protocol publishes. */
export interface Likelihood {
  /** In one word, for reports. */
  readonly name: string;
  /** Whether it compares through ‖g − G‖², whose fast form loses its digits near a perfect match. */
  readonly cancels: boolean;
  given(client: Client): (batch: Batch, open?: Disclosed) => Density<Gradients>;
}

/** What a client does before it sends, with its law where that can be written down. */
export interface Defense {
  send(client: Client): (batch: Batch, key: Key) => { readonly update: Gradients; readonly open?: Disclosed };
  readonly likelihood?: Likelihood;
}

/** A defense that draws every gradient entry from a distribution around its true value; tensor i uses the key folded with i. */
export const onGradient = (noise: (entries: Tensor) => Distribution<Tensor>, likelihood: Likelihood): Defense => ({
  likelihood,
  send: (client) => (batch, key) => {
    const gradients = client.gradients(batch);
    return {
      update: new Gradients(new Map(gradients.names.map((name, i) => [name, noise(gradients.entries(name)).sample(key.foldIn(i))]))),
    };
  },
});
