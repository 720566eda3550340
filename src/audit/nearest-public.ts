import type { Dataset } from "../data/index.ts";
import { type DeltaSpace, distance, imageShape } from "../metrics/index.ts";
import { mostPublic } from "./guesses.ts";
import { rowsOf } from "./public-rows.ts";

/** The public example that lies nearest to an original. */
interface PublicNeighbor {
  /** The position among the public examples. */
  readonly index: number;
  /** The example, in pixel space. */
  readonly image: Float32Array;
  readonly distance: number;
}

/** Finds the public example nearest to an original. */
export interface NearestPublic {
  /** The number of public examples that are searched. */
  readonly count: number;
  /**
   * Searches with the original at hand, in pixel space. The result is not a guess of somebody who
   * lacks the original.
   */
  to(original: Float32Array): PublicNeighbor;
}

/**
 * Finds the nearest of the first public examples to each original. The choice needs the original,
 * so it is not a guess but an upper bound: nothing that returns one of these examples comes nearer.
 * Reports show it next to the distances of the reconstructions.
 *
 * @param measured the space in which distances are measured.
 * @param most the largest number of public examples that are searched. They are read at the first
 * search.
 */
export function nearestPublic(examples: Dataset<readonly number[]>, measured: DeltaSpace, most = mostPublic): NearestPublic {
  const count = Math.min(most, examples.size);
  const shape = imageShape(examples.shape);
  const rows = rowsOf(examples, measured);
  let all: Float32Array | undefined;
  return {
    count,
    to: (original) => {
      all ??= rows.first(count);
      const index = nearestRow(all, rows.stretched(original));
      const { image } = examples.example(index);
      return { index, image, distance: distance(original, image, shape, measured) };
    },
  };
}

/**
 * The row with the least squared distance. The sum for a row stops as soon as the row is farther
 * than the nearest so far. Four squares are added at a time, because each addition waits for the
 * one before it.
 */
function nearestRow(rows: Float32Array, own: Float32Array): number {
  const size = own.length;
  const whole = size - (size % 4);
  let [nearest, least] = [0, Number.POSITIVE_INFINITY];
  for (let row = 0; row < rows.length; row += size) {
    let sum = 0;
    let i = 0;
    for (; i < whole && sum < least; i += 4) {
      const a = own[i]! - rows[row + i]!;
      const b = own[i + 1]! - rows[row + i + 1]!;
      const c = own[i + 2]! - rows[row + i + 2]!;
      const d = own[i + 3]! - rows[row + i + 3]!;
      sum += a * a + b * b + (c * c + d * d);
    }
    if (sum >= least) continue;
    for (; i < size; i++) sum += (own[i]! - rows[row + i]!) ** 2;
    if (sum < least) [nearest, least] = [row / size, sum];
  }
  return nearest;
}
