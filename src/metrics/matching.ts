import munkres from "munkres";
import type { Pixels } from "./image.ts";
import { mse } from "./psnr.ts";

/**
 * Which reconstruction is which original: a batch of an update has no order, so the two are matched one to one, such that
 * the sum of their mean squared errors is least (the Hungarian method). No reconstruction is used twice.
 *
 * @returns for each original, the index of its reconstruction.
 */
export function matchImages(truths: readonly Pixels[], guesses: readonly Pixels[]): number[] {
  const match = new Array<number>(truths.length);
  for (const [truth, guess] of munkres(truths.map((truth) => guesses.map((guess) => mse(truth, guess))))) match[truth] = guess;
  return match;
}
