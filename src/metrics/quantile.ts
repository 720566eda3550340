/**
 * The quantile of sorted values at a probability, linear between order statistics (type 7 of
 * Hyndman and Fan 1996, the default of NumPy).
 */
export function quantile(sorted: ArrayLike<number>, probability: number): number {
  const place = probability * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  // Equal ends come first, because the difference of two infinities is NaN.
  return below === above ? below : below + (place - Math.floor(place)) * (above - below);
}
