import { z } from "zod";
import { LeakageError } from "../errors.ts";
import type { Examples } from "../models/index.ts";
import type { PriorContext } from "./prior.ts";

/**
 * The training images of a context.
 *
 * @throws LeakageError `spec` if there are fewer than two.
 */
export function requireExamples(kind: string, context: PriorContext | undefined): Examples {
  const examples = context?.examples;
  if (examples && examples.count >= 2) return examples;
  throw new LeakageError(
    "spec",
    `The prior ${kind} is estimated from at least two training images, and ${examples ? `there is ${examples.count}` : "there are none here"}.`,
  );
}

/**
 * At most `most` images, evenly spaced, so that all kinds are present even if the images are
 * sorted.
 */
export const spacedImages = (examples: Examples, most: number): readonly Float32Array[] =>
  spacedPlaces(examples, most).map((place) => examples.image(place));

/** The positions of those images. */
export function spacedPlaces({ count }: Examples, most: number): readonly number[] {
  const used = Math.min(most, count);
  return Array.from({ length: used }, (_, i) => Math.floor((i * count) / used));
}

/**
 * Computes a function of training images once per set of images and name. The name stands for
 * everything else that the function depends on. A fit takes seconds, and every program asks for it.
 */
export function onceForExamples<Fit>(): (examples: Examples, name: string, make: () => Fit) => Fit {
  const known = new WeakMap<Examples, Map<string, Fit>>();
  return (examples, name, make) => {
    const own = known.get(examples) ?? new Map<string, Fit>();
    known.set(examples, own);
    const found = own.get(name) ?? make();
    own.set(name, found);
    return found;
  };
}

/**
 * The class of a training image.
 *
 * @throws LeakageError `spec` for images without labels.
 */
export function requireLabels(kind: string, examples: Examples): (place: number) => number {
  if (examples.label) return (place) => examples.label!(place);
  throw new LeakageError(
    "spec",
    `The prior ${kind} with perClass=true is fitted to the images of each class, and these images have no labels.`,
  );
}

/** The parameter that fits one law per class. */
export const perClassParameter = z
  .boolean()
  .default(false)
  .describe("Whether each class has its own law, fitted to its training images. The attacker then uses the labels that it has.");

/** The parameter that limits how many training images a fit uses. */
export const imagesParameter = (images: number) =>
  z
    .int()
    .min(2)
    .max(100_000)
    .default(images)
    .describe("The largest number of training images that the fit uses. They are evenly spaced in the data.");
