/**
 * The rows of each lane from the answer that the lane chose.
 *
 * @param all the same numbers of several answers, each [lanes, …].
 * @param chosen for each lane, the place of its answer.
 */
export function chosenRows(all: readonly Float32Array[], chosen: readonly number[]): Float32Array {
  const out = new Float32Array(all[0]!.length);
  const size = out.length / chosen.length;
  chosen.forEach((place, lane) => {
    out.set(all[place]!.subarray(lane * size, (lane + 1) * size), lane * size);
  });
  return out;
}

/** An answer as a starting point: no number can be searched from one that is none. */
export const startingFrom = (answer: Float32Array): Float32Array => answer.map((entry) => (Number.isFinite(entry) ? entry : 0));
