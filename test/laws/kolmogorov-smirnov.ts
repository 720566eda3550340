/**
 * The largest distance between the empirical distribution function and `cdf`, times √n: above 2.2
 * once in 8000 samples that follow it.
 */
export function kolmogorovSmirnov(sample: Float64Array, cdf: (x: number) => number): number {
  const n = sample.length;
  let distance = 0;
  sample.toSorted().forEach((x, i) => {
    distance = Math.max(distance, cdf(x) - i / n, (i + 1) / n - cdf(x));
  });
  return distance * Math.sqrt(n);
}
