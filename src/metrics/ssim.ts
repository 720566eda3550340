import { clamp, type ImageShape, type Pixels } from "./image.ts";

const radius = 5;
const sigma = 1.5;
/** (K₁·L)² and (K₂·L)², for the data range L = 1. */
const c1 = 0.01 ** 2;
const c2 = 0.03 ** 2;

const gauss = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)));
const total = gauss.reduce((sum, value) => sum + value);
const window = Float64Array.from(gauss, (value) => value / total);

/**
 * Structural similarity in [-1, 1] of images clamped to [0, 1]; 1 for equal images (Wang et al.
 * 2004).
 *
 * The window is a Gaussian of σ 1.5 and radius 5, without the sample covariance, for the data range
 * 1. The result is the mean over the pixels whose window lies inside the image (a border of 5 is
 * cropped), then over channels. It equals scikit-image's `structural_similarity` with
 * `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1`.
 *
 * @returns null if a side is shorter than the 11 pixels of the window.
 * @example
 * ```ts
 * import { ssim } from "gradleak";
 *
 * const image = Float32Array.from({ length: 16 * 16 }, (_, i) => (i % 16) / 15);
 * ssim(image, image, [1, 16, 16]); // 1
 * ```
 */
export function ssim(truth: Pixels, guess: Pixels, [channels, height, width]: ImageShape): number | null {
  if (Math.min(height, width) < window.length) return null;
  const plane = height * width;
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    const x = Float64Array.from(truth.subarray(c * plane, (c + 1) * plane), clamp);
    const y = Float64Array.from(guess.subarray(c * plane, (c + 1) * plane), clamp);
    sum += planeSimilarity(x, y, height, width);
  }
  return sum / channels;
}

function planeSimilarity(x: Float64Array, y: Float64Array, height: number, width: number): number {
  const blurred = (plane: Float64Array) => blur(plane, height, width);
  const [meanX, meanY] = [blurred(x), blurred(y)];
  const [xx, yy, xy] = [blurred(x.map((v) => v * v)), blurred(y.map((v) => v * v)), blurred(x.map((v, i) => v * y[i]!))];
  let sum = 0;
  for (let i = 0; i < meanX.length; i++) {
    const [ux, uy] = [meanX[i]!, meanY[i]!];
    const [varX, varY, cov] = [xx[i]! - ux * ux, yy[i]! - uy * uy, xy[i]! - ux * uy];
    sum += ((2 * ux * uy + c1) * (2 * cov + c2)) / ((ux * ux + uy * uy + c1) * (varX + varY + c2));
  }
  return sum / meanX.length;
}

/**
 * Weighted means wherever the window fits: [height, width] -> [height - 10, width - 10], rows
 * first, then columns.
 */
function blur(plane: Float64Array, height: number, width: number): Float64Array {
  const [fitHeight, fitWidth] = [height - 2 * radius, width - 2 * radius];
  const rows = new Float64Array(height * fitWidth);
  for (let i = 0; i < height; i++)
    for (let j = 0; j < fitWidth; j++) {
      let sum = 0;
      for (let k = 0; k < window.length; k++) sum += window[k]! * plane[i * width + j + k]!;
      rows[i * fitWidth + j] = sum;
    }
  const means = new Float64Array(fitHeight * fitWidth);
  for (let i = 0; i < fitHeight; i++)
    for (let j = 0; j < fitWidth; j++) {
      let sum = 0;
      for (let k = 0; k < window.length; k++) sum += window[k]! * rows[(i + k) * fitWidth + j]!;
      means[i * fitWidth + j] = sum;
    }
  return means;
}
