import type { Client } from "../client/index.ts";
import { changesImages, type Defense, type DefenseState, defended, imagesBehind, initialState, send } from "../defenses/index.ts";
import { type NamedNumbers, type Tensor, vmap } from "../graph/index.ts";
import { type Model, toModelSpace } from "../models/index.ts";
import { Key, type KeyBits, stream } from "../random/index.ts";
import { type CompileOptions, compileNested, type Filled, inputsAt, numbersAt } from "../runtime/index.ts";
import { concatenate, type PrivateBatches, piece, pixelsOfLane } from "./examples.ts";

/** What the server receives, lane by lane. */
export interface Received {
  /** The client as the server knows it, with the defense's changes to its model. */
  readonly client: Client;
  /** What clients sent, by parameter name, each of shape [lanes, ...shape]. */
  readonly updates: NamedNumbers;
  /** What the defense published with the updates, by name, each of shape [lanes, ...shape]. */
  readonly published: NamedNumbers;
  /**
   * The batches that the updates belong to, with the images that the network saw, after the
   * defense's changes to them. They are for scoring only: the server does not see them.
   */
  readonly batches: PrivateBatches;
  /** What the defense remembers for the next round. */
  readonly state: KeptState;
  /** What the defense says that it did to the updates, by what it counts, each of shape [lanes]. */
  readonly facts: NamedNumbers;
}

/** What each step of a defense remembers between rounds, by name, each of shape [lanes, ...shape]. */
export type KeptState = readonly NamedNumbers[];

/**
 * Runs a client and its defense on every batch, one batch per lane.
 *
 * @param keys the keys of the randomness of the defense and of random layers, one per lane.
 * @param options where and how it runs, and what the defense remembers from the round before. By
 * default this is the first round.
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
  held: PrivateBatches,
  keys: readonly KeyBits[],
  { state, ...options }: CompileOptions & { readonly state?: KeptState } = {},
): Promise<Received> {
  const sends = send(defense, client);
  const batches = changesImages(defense) ? seenBatches(defense, client.model, held, keys) : held;
  const { lanes, batchSize, x, y } = batches;
  const places = {
    x: { shape: [lanes, batchSize, ...client.model.shape], data: x },
    y: { shape: [lanes, batchSize, client.model.classes], data: y },
    key: { shape: [lanes, 2], dtype: "key" as const, data: Uint32Array.from(keys.flat()) },
    state: byPlace((state ?? []).map((kept) => Object.fromEntries(kept))),
  };
  const first = initialState(defense, client);
  const sent = vmap((own: { x: Tensor; y: Tensor; key: Tensor; state: Readonly<Record<string, Record<string, Tensor>>> }) => {
    const before: DefenseState = state ? first.map((_, place) => own.state[place] ?? {}) : first;
    const { update, published, state: after, facts } = sends(own, new Key(own.key), before);
    return {
      updates: Object.fromEntries(update.tensors),
      published: { ...published },
      facts: { ...facts },
      state: byPlace(after.map((kept) => ({ ...kept }))),
    };
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
      facts: named(sent.facts, values.facts),
      batches,
      state: first.map((_, place) => named(sent.state[place]!, values.state[place]!)),
    };
  } finally {
    await program.dispose();
  }
}

/** Private batches with the images that the network sees behind a defense. */
function seenBatches(
  defense: Defense,
  { shape, normalization }: Pick<Model, "shape" | "normalization">,
  held: PrivateBatches,
  keys: readonly KeyBits[],
): PrivateBatches {
  const seen = keys.flatMap((key, lane) =>
    imagesBehind(defense, pixelsOfLane(held, lane, { normalization }), { shape, key: stream(key, "images") }),
  );
  return { ...held, x: concatenate(seen.map((image) => toModelSpace(image, normalization))) };
}

/** A list as a record, whose values can be inputs and outputs of programs. */
const byPlace = <Value>(list: readonly Value[]): Record<string, Value> => Object.fromEntries(list.entries());

/** One lane of what was received, by name: the update and what was published with it. */
export const laneOf = ({ updates, published }: Pick<Received, "updates" | "published">, lane: number): NamedNumbers =>
  new Map(
    [...updates, ...published].map(([name, { shape, data }]) => [name, { shape: shape.slice(1), data: piece(data, lane, shape[0]!) }]),
  );
