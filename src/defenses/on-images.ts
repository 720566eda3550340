import { LeakageError } from "../errors.ts";
import type { Shape } from "../graph/index.ts";
import { foldIn, type KeyBits } from "../random/index.ts";
import type { Ats } from "./ats/policy.ts";
import type { Defense } from "./defense.ts";

/** Whether a defense changes the images of a batch before the client computes on them. */
export const changesImages = ({ steps }: Pick<Defense, "steps">): boolean => steps.some(({ onImages }) => onImages);

/**
 * The transformations that a defense draws from, for one who knows the defense and not what it drew;
 * undefined if it draws none.
 *
 * @throws LeakageError `spec` for a defense that transforms images twice.
 */
export function atsOf({ steps }: Pick<Defense, "steps">): Ats | undefined {
  const all = steps.flatMap(({ ats }) => ats ?? []);
  if (all.length < 2) return all[0];
  throw new LeakageError("spec", "The defense transforms images twice, and no attack undoes that; name ats once, or state another attack.");
}

/**
 * The images of one batch as the network of a client sees them, after all steps of its defense on
 * images, in order.
 *
 * @param images the images in pixel space.
 * @param at their shape, [channels, height, width], and the key of the stream `images` of the update.
 * @throws LeakageError `spec` for images that a step cannot change.
 */
export const imagesBehind = (
  { steps }: Pick<Defense, "steps">,
  images: readonly Float32Array[],
  { shape, key }: { readonly shape: Shape; readonly key: KeyBits },
): readonly Float32Array[] =>
  // A step that acts twice has a key for each: this one is below a stream of its own.
  steps.reduce((changed, step, place) => step.onImages?.(changed, { shape, key: foldIn(key, place) }) ?? changed, images);
