import { z } from "zod";
import { laplace } from "../distributions/index.ts";
import { part } from "../parts/index.ts";
import { pixelFit } from "./pixel-fit.ts";
import type { Prior, PriorContext } from "./prior.ts";
import { imagesParameter, perClassParameter, requireExamples } from "./training-images.ts";

/**
 * log p(x) = Σ log Laplace(xᵢ; medianᵢ, bᵢ). The median of each pixel and its mean absolute
 * deviation from the median come from training images, which is maximum likelihood. `floor` is
 * added to each b, so that a pixel that never changes has a density. The density is normalized in
 * model space.
 */
export const laplacianFit = part({
  kind: "laplacian-fit",
  doc: "Every pixel has a Laplace law, with its median and its deviation in training images.",
  params: {
    images: imagesParameter(1000),
    floor: z.number().positive().default(0.01).describe("The amount that is added to the scale of every pixel, in pixels from 0 to 1."),
    perClass: perClassParameter,
  },
  build: ({ images, floor, perClass }, context?: PriorContext): Prior => {
    const law = (values: Float64Array) => {
      values.sort();
      const median = (values[(values.length - 1) >> 1]! + values[values.length >> 1]!) / 2;
      return [median, values.reduce((sum, value) => sum + Math.abs(value - median), 0) / values.length + floor] as const;
    };
    const fit = { kind: "laplacian-fit", name: `laplacian ${images} ${floor}`, law, images, perClass };
    return pixelFit(laplace, fit, requireExamples("laplacian-fit", context));
  },
});
