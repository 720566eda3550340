import { z } from "zod";
import { LeakageError } from "../errors.ts";
import type { Examples } from "../models/index.ts";
import type { PriorContext } from "./prior.ts";

/** The training pictures of a context. Throws LeakageError `spec` where there are none. */
export function requireExamples(kind: string, context: PriorContext | undefined): Examples {
  const examples = context?.examples;
  if (examples && examples.count >= 2) return examples;
  throw new LeakageError(
    "spec",
    `The prior ${kind} is estimated from training pictures, at least two, and ${examples ? `there is ${examples.count}` : "there are none here"}.`,
  );
}

/**
 * At most `most` pictures, evenly spaced, so that they are of all kinds where pictures are sorted.
 */
export function spacedPictures(examples: Examples, most: number): readonly Float32Array[] {
  const used = Math.min(most, examples.count);
  return Array.from({ length: used }, (_, i) => examples.image(Math.floor((i * examples.count) / used)));
}

/**
 * A function of training pictures and a name for everything else that it depends on, computed once
 * for each: a fit takes seconds, and every program asks for it.
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

/** The parameter that says how many training pictures a fit looks at. */
export const imagesParameter = (images: number) =>
  z.int().min(2).max(100_000).default(images).describe("Training pictures that are looked at, at most.");
