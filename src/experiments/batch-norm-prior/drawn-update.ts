import type { Observations } from "../../adversary/index.ts";
import { attacks } from "../../attacks/index.ts";
import type { Client } from "../../client/index.ts";
import type { Dataset, Example } from "../../data/index.ts";
import { defenses } from "../../defenses/index.ts";
import type { NamedNumbers } from "../../graph/index.ts";
import type { PartSpec } from "../../parts/index.ts";
import { fillNormal, type KeyBits } from "../../random/index.ts";
import type { CompileOptions } from "../../runtime/index.ts";
import { type PrivateBatches, privateBatches, type Reconstruction, reconstruct, simulate, type Tick } from "../../scenario/index.ts";
import { distinctDraws } from "./distinct-draws.ts";

/** The update of a batch of images of different classes, sent as it is. */
export interface DrawnUpdate {
  readonly originals: readonly Example[];
  /** What the server sees, with the true labels. */
  readonly seen: Observations;
}

/** What the client sends for a batch, without a defense. */
const sent = (client: Client, batch: PrivateBatches, key: KeyBits, options: CompileOptions) =>
  simulate({ client, defense: defenses.build("none") }, batch, [key], options);

/** Draws a batch, and has the client compute its update. */
export async function drawUpdate(
  client: Client,
  dataset: Dataset,
  batch: number,
  keys: { readonly images: KeyBits; readonly noise: KeyBits },
  options: CompileOptions,
): Promise<DrawnUpdate> {
  const originals = distinctDraws(dataset, batch, keys.images);
  const held = privateBatches([originals], client);
  const received = await sent(client, held, keys.noise, options);
  return { originals, seen: { rounds: [received], lanes: 1, batchSize: batch, labels: held.y } };
}

/** Noise on images: normal, of so many standard deviations in model space. */
export interface NearbyNoise {
  readonly deviations: number;
  readonly key: KeyBits;
}

/**
 * Cosine of an update with that of the same images under a little noise: how far from the truth an
 * attack may be and still feel where it is.
 */
export async function cosineNearby(
  { originals, seen }: DrawnUpdate,
  { deviations, key }: NearbyNoise,
  options: CompileOptions,
): Promise<number> {
  const [round] = seen.rounds;
  const held = privateBatches([originals], round!.client);
  const noise = new Float32Array(held.x.length);
  fillNormal(key, noise);
  const moved = { ...held, x: held.x.map((entry, i) => entry + deviations * noise[i]!) };
  const { updates } = await sent(round!.client, moved, key, options);
  return dot(round!.updates, updates) / Math.sqrt(dot(round!.updates, round!.updates) * dot(updates, updates));
}

const dot = (a: NamedNumbers, b: NamedNumbers): number =>
  [...a].reduce((sum, [name, { data }]) => data.reduce((all, entry, i) => all + entry * b.get(name)!.data[i]!, sum), 0);

/** Attacks an update, with its labels read off or given. */
export async function* attackUpdate(
  attack: PartSpec,
  { seen }: DrawnUpdate,
  labels: "recovered" | "known",
  key: KeyBits,
  options: CompileOptions,
): AsyncGenerator<Tick, Reconstruction> {
  const made = yield* reconstruct({ attack: attacks.build(attack).build({}), labels, seen, keys: [key], options, history: false });
  return made[0]!;
}
