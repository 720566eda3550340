import { worthFactoring } from "../graph/index.ts";
import type { Observations, Round } from "./observations.ts";

/** A matrix [m, n] as leftᵀ · right, row-major: left [rank, m], right [rank, n]. */
export interface LowRank {
  readonly left: Float32Array;
  readonly right: Float32Array;
}

/**
 * The thin factors of observed matrices, [lanes, batchSize, …] by parameter name. It has the
 * matrices that are products of thin factors in all lanes, as dense layers' gradients without noise
 * are. A comparison through the factors keeps the large matrix out of every step.
 */
export function observedFactors(
  { client, updates }: Round,
  { lanes, batchSize }: Pick<Observations, "lanes" | "batchSize">,
): ReadonlyMap<string, LowRank> {
  const found = new Map<string, LowRank>();
  for (const { name, shape } of client.parameters) {
    const [m, n] = shape as [number, number];
    if (shape.length !== 2 || !worthFactoring(batchSize, m, n)) continue;
    const left = new Float32Array(lanes * batchSize * m);
    const right = new Float32Array(lanes * batchSize * n);
    const all = Array.from({ length: lanes }, (_, lane) => lane).every((lane) => {
      const data = updates.get(name)!.data.subarray(lane * m * n, (lane + 1) * m * n);
      // A lane with entries that are not numbers fails, whatever its factors are. It must not
      // affect the others.
      const one = holdsNumbers(data) ? lowRank(data, m, n, batchSize) : notNumbers(batchSize, m, n);
      if (one) left.set(one.left, lane * batchSize * m);
      if (one) right.set(one.right, lane * batchSize * n);
      return one !== undefined;
    });
    if (all) found.set(name, { left, right });
  }
  return found;
}

function holdsNumbers(data: Float32Array): boolean {
  let zeros = 0;
  for (let i = 0; i < data.length; i++) zeros += data[i]! * 0;
  return zeros === 0;
}

const notNumbers = (rank: number, m: number, n: number): LowRank => ({
  left: new Float32Array(rank * m).fill(Number.NaN),
  right: new Float32Array(rank * n).fill(Number.NaN),
});

/**
 * The part of its norm that a matrix of low rank may differ from the product by, which is the error
 * of float32 products and sums.
 */
const tolerance = 3e-6;

/**
 * Factors a matrix of rank ≤ `rank`, up to the rounding of its float32 entries. A dense layer's
 * gradient over B examples is such a matrix with rank ≤ B, unless noise was added to it.
 *
 * The method is Gaussian elimination. Each round takes the row with the largest remainder, divided
 * by its largest entry, and that entry's column. Unused factors are 0.
 *
 * @param data the entries, row-major, all finite.
 * @returns undefined if the rank is higher. A few rows decide that if possible.
 */
export function lowRank(data: Float32Array, m: number, n: number, rank: number): LowRank | undefined {
  const few = 2 * rank + 2;
  if (m > 4 * few) {
    const rows = Array.from({ length: few }, (_, i) => Math.floor((i * m) / few));
    const some = new Float32Array(few * n);
    rows.forEach((row, i) => {
      some.set(data.subarray(row * n, (row + 1) * n), i * n);
    });
    if (!lowRank(some, few, n, rank)) return undefined;
  }
  const left: Float64Array[] = [];
  const right: Float64Array[] = [];
  const row = new Float64Array(n);
  let allowed = 0;
  for (;;) {
    let remainder = 0;
    let largest = 0;
    let pivotRow = 0;
    for (let i = 0; i < m; i++) {
      const square = remainderOfRow(data, i, left, right, row);
      remainder += square;
      if (square > largest) {
        largest = square;
        pivotRow = i;
      }
      if (left.length === rank && remainder > allowed) return undefined;
    }
    if (left.length === 0) allowed = tolerance ** 2 * remainder;
    if (remainder <= allowed || left.length === rank) break;
    remainderOfRow(data, pivotRow, left, right, row);
    const pivotColumn = indexOfLargest(row);
    const pivot = row[pivotColumn]!;
    const column = Float64Array.from({ length: m }, (_, i) =>
      left.reduce((entry, factor, k) => entry - factor[i]! * right[k]![pivotColumn]!, data[i * n + pivotColumn]!),
    );
    left.push(column);
    right.push(row.map((entry) => entry / pivot));
  }
  return { left: rowsOf(left, rank, m), right: rowsOf(right, rank, n) };
}

/**
 * Puts row i of data − leftᵀ · right into `row` and returns its squared norm. Passes over the data
 * are the cost of factoring, so the first term is subtracted while reading.
 */
function remainderOfRow(
  data: Float32Array,
  i: number,
  left: readonly Float64Array[],
  right: readonly Float64Array[],
  row: Float64Array,
): number {
  const n = row.length;
  const factor = left[0]?.[i] ?? 0;
  const first = right[0];
  if (first && factor !== 0) for (let j = 0, at = i * n; j < n; j++, at++) row[j] = data[at]! - factor * first[j]!;
  else for (let j = 0, at = i * n; j < n; j++, at++) row[j] = data[at]!;
  for (let k = 1; k < left.length; k++) subtract(row, left[k]![i]!, right[k]!);
  let square = 0;
  for (let j = 0; j < n; j++) square += row[j]! * row[j]!;
  return square;
}

function subtract(row: Float64Array, factor: number, other: Float64Array): void {
  if (factor !== 0) for (let j = 0; j < row.length; j++) row[j]! -= factor * other[j]!;
}

function indexOfLargest(row: Float64Array): number {
  let at = 0;
  for (let j = 1; j < row.length; j++) if (Math.abs(row[j]!) > Math.abs(row[at]!)) at = j;
  return at;
}

function rowsOf(factors: readonly Float64Array[], rank: number, size: number): Float32Array {
  const rows = new Float32Array(rank * size);
  factors.forEach((factor, k) => {
    rows.set(factor, k * size);
  });
  return rows;
}
