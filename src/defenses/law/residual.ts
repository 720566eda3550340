import type { Batch, Client } from "../../client/index.ts";
import { addAll, constant, type Gradients, type Tensor, where } from "../../graph/index.ts";
import type { EntryLaw } from "./entry-law.ts";
import type { Law } from "./law.ts";
import type { Published } from "./likelihood.ts";

/** ‖g − D(x)‖², which says how much of an update a batch does not explain. */
export type Residual = (client: Client) => (batch: Batch, published?: Published) => (update: Gradients) => Tensor;

/** The squared distance of an update from what the client alone would send. */
export const bareResidual: Residual = (client) => (batch) => {
  const bare = client.exactly().update(batch);
  return (update) => bare.squaredDistance(update);
};

/**
 * The squared distance of an update from what a defense makes of the batch before noise. Entries
 * that a published mask dropped are expected to be 0. A mask that is not published shows in the
 * zeros of the update.
 */
export const residualOf =
  (law: Law): Residual =>
  (client) =>
  (batch, published = {}) => {
    const expected = (entry: EntryLaw, center: Tensor, parameter: string): Tensor => {
      if (entry.kind === "mixture") return entry.cases.some((one) => one.signal) ? center : constant(0).expand(center.shape);
      const mask = law.masks.get(entry.mask)!(client, published, parameter);
      return where(mask.greater(0.5), expected(entry.kept, center, parameter), expected(entry.dropped, center, parameter));
    };
    return (update) => {
      const signal = law.signal(client.exactly())(batch, published, law.noisy === undefined ? update : undefined);
      return addAll(
        update.names.map((name) => {
          const sent = update.entries(name);
          const center = expected(law.entry, signal.entries(name), name);
          const visible = law.hidden ? where(sent.equal(0), 0, center) : center;
          return sent.sub(visible).square().sum();
        }),
      )!;
    };
  };
