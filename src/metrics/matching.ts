import munkres from "munkres";
import type { Pixels } from "./image.ts";
import { mse } from "./psnr.ts";

/**
 * Which reconstruction is which original: a batch of an update has no order, so the two are matched
 * one to one, such that the sum of their costs is least (the Hungarian method). No reconstruction
 * is used twice.
 *
 * @param cost of a guess for a truth: their mean squared error, unless another is given.
 * @returns for each original, the index of its reconstruction.
 */
export function matchImages(
  truths: readonly Pixels[],
  guesses: readonly Pixels[],
  cost: (truth: Pixels, guess: Pixels) => number = mse,
): number[] {
  const match = new Array<number>(truths.length);
  for (const [truth, guess] of munkres(truths.map((truth) => guesses.map((guess) => cost(truth, guess))))) match[truth] = guess;
  return match;
}
