import type { Client } from "../client/index.ts";
import { type Defense, defended, send } from "../defenses/index.ts";
import { type NamedNumbers, type Tensor, vmap } from "../graph/index.ts";
import { Key, type KeyBits } from "../random/index.ts";
import { type CompileOptions, compileNested, type Filled, inputsAt, numbersAt } from "../runtime/index.ts";
import { type PrivateBatches, piece } from "./examples.ts";

/** What the server receives, lane by lane. */
export interface Received {
  /** The client as the server knows it, with the defense's changes to its model. */
  readonly client: Client;
  /** What clients sent, by parameter name, each of shape [lanes, ...shape]. */
  readonly updates: NamedNumbers;
  /** What the defense published with the updates, by name, each of shape [lanes, ...shape]. */
  readonly published: NamedNumbers;
  /**
   * The batches that the updates belong to, after the defense's changes to them. They are for
   * scoring only: the server does not see them.
   */
  readonly batches: PrivateBatches;
}

/**
 * Runs a client and its defense on every batch, one batch per lane.
 *
 * @param keys the keys of the defense's randomness, one per lane.
 * @returns what the server receives. It can serve as a round of an attack's observations.
 * @throws LeakageError `spec` if the defense does not fit the client or the batch.
 *
 * @example
 * ```ts
 * const batches = privateBatches([[data.example(0)], [data.example(1)]], client);
 * const keys = [keyFromSeed(1), keyFromSeed(2)];
 * const received = await simulate({ client, defense }, batches, keys);
 * ```
 */
export async function simulate(
  { client, defense }: { readonly client: Client; readonly defense: Defense },
  { lanes, batchSize, x, y }: PrivateBatches,
  keys: readonly KeyBits[],
  options: CompileOptions = {},
): Promise<Received> {
  const sends = send(defense, client);
  const places = {
    x: { shape: [lanes, batchSize, ...client.model.shape], data: x },
    y: { shape: [lanes, batchSize, client.model.classes], data: y },
    key: { shape: [lanes, 2], dtype: "key" as const, data: Uint32Array.from(keys.flat()) },
  };
  const sent = vmap((own: { readonly x: Tensor; readonly y: Tensor; readonly key: Tensor }) => {
    const { update, published, batch } = sends(own, new Key(own.key));
    return { updates: Object.fromEntries(update.tensors), published: { ...published }, batch: { x: batch.x, y: batch.y } };
  })(inputsAt(places));
  const program = await compileNested(sent, options);
  try {
    const values = await program.run(numbersAt(places));
    const named = (tensors: Readonly<Record<string, Tensor>>, data: Filled<Record<string, Tensor>, Float32Array>): NamedNumbers =>
      new Map(Object.entries(tensors).map(([name, { shape }]) => [name, { shape, data: data[name]! }]));
    return {
      client: defended(defense, client),
      updates: named(sent.updates, values.updates),
      published: named(sent.published, values.published),
      batches: { lanes, batchSize, ...values.batch },
    };
  } finally {
    await program.dispose();
  }
}

/** One lane of what was received, by name: the update and what was published with it. */
export const laneOf = ({ updates, published }: Pick<Received, "updates" | "published">, lane: number): NamedNumbers =>
  new Map(
    [...updates, ...published].map(([name, { shape, data }]) => [name, { shape: shape.slice(1), data: piece(data, lane, shape[0]!) }]),
  );
