/** A metric over many images. */
export interface Summary {
  readonly mean: number;
  readonly median: number;
  /** The reconstruction farthest from its original. */
  readonly worst: number;
}

/**
 * Mean, median and worst of a metric.
 *
 * @param better whether more of it is nearer to the original (PSNR, SSIM) or less (MSE, distance).
 * @returns null where there is nothing to summarize.
 */
export function summarize(values: readonly number[], better: "more" | "less"): Summary | null {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    median: (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2,
    worst: better === "more" ? sorted[0]! : sorted.at(-1)!,
  };
}
