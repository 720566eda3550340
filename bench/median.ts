/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length === 0 ? Number.NaN : (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}
