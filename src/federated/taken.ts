import { changesImages, imagesBehind } from "../defenses/index.ts";
import { foldIn, type KeyBits, stream } from "../random/index.ts";
import { nextExamples, ordersOf } from "./batches.ts";
import type { Federation } from "./federation.ts";

/** Some examples: images as networks see them, and labels. */
interface Taken {
  readonly images: readonly Float32Array[];
  readonly labels: readonly number[];
}

/**
 * Gives the next examples of some clients, one client after the other. The keys are those of the
 * stream `images`, one per client.
 */
type Next = (clients: readonly number[], taken: readonly number[], keys: readonly KeyBits[]) => Taken;

export function nextOf({ partition, batch, root, examples, model: { shape }, defense }: Federation): Next {
  const key = stream(root, "batches");
  const orders = partition.map((positions, client) => ordersOf(positions, foldIn(key, client)));
  const changes = changesImages(defense);
  return (clients, taken, keys) => {
    const positions = clients.map((client, lane) => nextExamples(partition[client]!.length, taken[lane]!, batch, orders[client]!));
    const images = positions.flatMap((own, lane) => {
      const held = own.map((position) => examples.image(position));
      return changes ? imagesBehind(defense, held, { shape, key: keys[lane]! }) : held;
    });
    return { images, labels: positions.flat().map((position) => examples.label!(position)) };
  };
}

/** Examples as inputs of a program, one after the other. */
export function batchOf(all: readonly Taken[], { model: { classes } }: Federation) {
  const images = all.flatMap((taken) => taken.images);
  const labels = all.flatMap((taken) => taken.labels);
  const size = images[0]!.length;
  const x = new Float32Array(images.length * size);
  const y = new Float32Array(labels.length * classes);
  for (const [i, image] of images.entries()) x.set(image, i * size);
  labels.forEach((label, i) => {
    y[i * classes + label] = 1;
  });
  return { x, y };
}
