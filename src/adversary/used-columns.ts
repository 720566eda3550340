import type { ShapedNumbers } from "../graph/index.ts";

/**
 * Which columns of a lane's matrix have an entry that is not 0: 1 or 0 for each column.
 *
 * @param update matrices [lanes, rows, columns].
 */
export function usedColumns({ shape, data }: Pick<ShapedNumbers, "shape" | "data">, lane: number): Uint8Array {
  const [, rows, columns] = shape as [number, number, number];
  const used = new Uint8Array(columns);
  let at = lane * rows * columns;
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++, at++) if (data[at] !== 0) used[j] = 1;
  return used;
}
