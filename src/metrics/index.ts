export { type DeltaSpace, defaultDelta, distance } from "./distance.ts";
export type { ImageShape, Pixels } from "./image.ts";
export { matchImages } from "./matching.ts";
export { mse, psnr, psnrCap, psnrUnclamped } from "./psnr.ts";
export { type Score, score } from "./score.ts";
export { ssim } from "./ssim.ts";
export { type Summary, summarize } from "./summary.ts";
