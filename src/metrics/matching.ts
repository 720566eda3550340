import munkres from "munkres";
import type { Pixels } from "./image.ts";
import { mse } from "./psnr.ts";

/**
 * Assigns reconstructions to originals. A batch in an update has no order, so the two are matched
 * one to one such that the total cost is least (the Hungarian method). Each reconstruction is used
 * at most once.
 *
 * @param cost the cost of a guess for a truth; the mean squared error by default.
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
