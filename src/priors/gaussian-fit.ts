import { z } from "zod";
import { normal } from "../distributions/index.ts";
import { part } from "../parts/index.ts";
import { pixelFit } from "./pixel-fit.ts";
import type { Prior, PriorContext } from "./prior.ts";
import { imagesParameter, perClassParameter, requireExamples } from "./training-images.ts";

/**
 * log p(x) = Σ log N(xᵢ; meanᵢ, sigmaᵢ²), with the mean and the variance of each pixel in training
 * images. Images are taken as seen through noise of standard deviation `floor`, so that a pixel
 * that never changes has a density: sigmaᵢ² = varianceᵢ + floor². The density is normalized in
 * model space. This is maximum likelihood for independent normals.
 */
export const gaussianFit = part({
  kind: "gaussian-fit",
  doc: "Every pixel is normal, with its mean and its deviation in training images.",
  params: {
    images: imagesParameter(1000),
    floor: z
      .number()
      .positive()
      .default(0.01)
      .describe("The standard deviation of the noise that images are seen through, in pixels from 0 to 1."),
    perClass: perClassParameter,
  },
  build: ({ images, floor, perClass }, context?: PriorContext): Prior => {
    const law = (values: Float64Array) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      return [mean, Math.sqrt(variance + floor ** 2)] as const;
    };
    const fit = { kind: "gaussian-fit", name: `gaussian ${images} ${floor}`, law, images, perClass };
    return pixelFit(normal, fit, requireExamples("gaussian-fit", context));
  },
});
