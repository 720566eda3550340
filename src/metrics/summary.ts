import { quantile } from "./quantile.ts";

/** A metric, summarized over many images. */
export interface Summary {
  readonly mean: number;
  readonly median: number;
  /** The value of the reconstruction farthest from its original. */
  readonly worst: number;
}

/**
 * Mean, median and worst value of a metric.
 *
 * @param better whether larger values ("more") or smaller ones ("less") are nearer to the original:
 * "more" for PSNR and SSIM, "less" for MSE and distance.
 * @returns null for no values.
 */
export function summarize(values: readonly number[], better: "more" | "less"): Summary | null {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    median: quantile(sorted, 0.5),
    worst: better === "more" ? sorted[0]! : sorted.at(-1)!,
  };
}
