import type { Observations } from "../adversary/index.ts";
import { attacks } from "../attacks/index.ts";
import { type Machine, oneHot, type Reconstruction, reconstruct, simulate, type Tick, toModelSpace } from "../audit/index.ts";
import type { Client } from "../client/index.ts";
import type { Dataset, Example } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import type { PartSpec } from "../parts/index.ts";
import { fillNormal, type KeyBits } from "../random/index.ts";
import { distinctDraws } from "./distinct-draws.ts";

/** The update of a batch of images of different classes, sent as it is. */
export interface DrawnUpdate {
  readonly originals: readonly Example[];
  /** What the server sees; no labels. */
  readonly seen: Observations;
  /** One-hot rows [batch, classes] of the true labels. */
  readonly labels: Float32Array;
}

/** What the client sends for images, with normal noise of so many standard deviations added to them in model space. */
async function sent(
  one: Client,
  originals: readonly Example[],
  noise: { readonly deviations: number; readonly key: KeyBits },
  machine: Machine,
) {
  const x = Float32Array.from(originals.flatMap(({ image }) => [...toModelSpace(image, one.model.normalization)]));
  const drawn = new Float32Array(x.length);
  fillNormal(noise.key, drawn);
  const y = oneHot(
    originals.map(({ label }) => label),
    one,
  );
  const moved = x.map((entry, i) => entry + noise.deviations * drawn[i]!);
  const batches = { lanes: 1, batchSize: originals.length, x: moved, y };
  return { received: await simulate(one, defenses.build("none"), batches, [noise.key], machine), labels: y };
}

/** Draws a batch, and has the client compute its update. */
export async function drawUpdate(
  one: Client,
  dataset: Dataset,
  batch: number,
  keys: { readonly images: KeyBits; readonly noise: KeyBits },
  machine: Machine,
): Promise<DrawnUpdate> {
  const originals = distinctDraws(dataset, batch, keys.images);
  const { received, labels } = await sent(one, originals, { deviations: 0, key: keys.noise }, machine);
  return { originals, seen: { client: one, lanes: 1, batchSize: batch, ...received }, labels };
}

/** Cosine of an update with that of the same images under a little noise: how far from the truth an attack may be and still feel where it is. */
export async function cosineNearby(
  { originals, seen }: DrawnUpdate,
  noise: { readonly deviations: number; readonly key: KeyBits },
  machine: Machine,
): Promise<number> {
  const { received } = await sent(seen.client, originals, noise, machine);
  const dot = (a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>) =>
    [...a].reduce((sum, [name, own]) => own.reduce((all, entry, i) => all + entry * b.get(name)![i]!, sum), 0);
  return dot(seen.updates, received.updates) / Math.sqrt(dot(seen.updates, seen.updates) * dot(received.updates, received.updates));
}

/** Attacks an update, with its labels read off or given. */
export async function* attackUpdate(
  attack: PartSpec,
  { seen, labels }: DrawnUpdate,
  policy: "recovered" | "known",
  start: KeyBits,
  machine: Machine,
): AsyncGenerator<Tick, Reconstruction> {
  const made = yield* reconstruct({
    attack: attacks.build(attack).build({ jointLabels: false }),
    policy,
    seen: policy === "known" ? { ...seen, labels } : seen,
    keys: [start],
    options: machine,
    history: false,
  });
  return made[0]!;
}

/** The ticks of one part of a work of `of` steps, `before` of which are done. */
export async function* within<Made>(
  running: AsyncGenerator<Tick, Made>,
  { before, of }: { readonly before: number; readonly of: number },
): AsyncGenerator<Tick, Made> {
  let next = await running.next();
  for (; !next.done; next = await running.next()) yield { ...next.value, step: before + next.value.step, of };
  return next.value;
}
