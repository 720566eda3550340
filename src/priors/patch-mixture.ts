import { z } from "zod";
import { constant } from "../graph/index.ts";
import type { Examples, Model } from "../models/index.ts";
import { part } from "../parts/index.ts";
import { keyFromSeed, stream } from "../random/index.ts";
import { cosineBasis } from "./cosine-basis.ts";
import { logDensities, type Whitening, whiteningOf } from "./gaussian-mixture.ts";
import { fitMixture } from "./mixture-fit.ts";
import { patchesOf, patchWeights, samplePatches } from "./patches.ts";
import type { Prior, PriorContext } from "./prior.ts";
import { inSpace, reductionParameter, requireImages } from "./space.ts";
import { imagesParameter, onceForExamples, requireExamples, spacedImages } from "./training-images.ts";

/** What the fit depends on in addition to the training images. */
interface PatchFit {
  readonly side: number;
  readonly components: number;
  readonly patches: number;
  readonly images: number;
  readonly iterations: number;
  readonly noise: number;
  readonly seed: number;
}

const remembered = onceForExamples<Whitening>();

/**
 * log p(x) = weight · Σ over patches of log Σ_k π_k N(patch − its mean; μ_k, Σ_k). This is the
 * expected patch log-likelihood (Zoran and Weiss 2011) of color patches in pixel space. A patch has
 * all channels together, and one mean is removed from it. The mixture has full covariances over the
 * side²·c − 1 coordinates that are left without the mean. It is fitted by expectation-maximization
 * to patches of training images, which are taken as seen through noise of standard deviation
 * `noise`, so that flat patches have a density.
 *
 * The prior adds up (or averages) over patches and images. Patches overlap, and each has a weight
 * such that every pixel counts once, whatever the stride. The overall brightness of a patch is free. The fit takes a few
 * seconds per iteration with 10000 patches and 64 components, and is kept as long as the training
 * images.
 */
export const patchMixture = part({
  kind: "patch-mixture",
  doc: "Patches of the image follow a Gaussian mixture that is fitted to training images.",
  params: {
    weight: z.number().nonnegative().default(1).describe("The factor of the logarithm. Larger values trust the prior more."),
    stride: z
      .int()
      .positive()
      .max(32)
      .default(4)
      .describe("The distance in pixels from one patch to the next. Smaller values are slower and smoother."),
    reduction: reductionParameter("sum", "patches and images"),
    side: z.int().min(2).max(16).default(8).describe("The side of a patch, in pixels."),
    components: z.int().positive().max(256).default(64).describe("The number of components of the mixture."),
    patches: z.int().min(2).max(200_000).default(10_000).describe("The number of patches that the mixture is fitted to."),
    images: imagesParameter(500),
    iterations: z.int().nonnegative().max(1000).default(10).describe("The number of iterations of expectation-maximization."),
    noise: z
      .number()
      .positive()
      .default(0.01)
      .describe("The standard deviation of the noise that patches are seen through, in pixels from 0 to 1."),
    seed: z.int().nonnegative().default(0).describe("The seed of the choice of patches and of the start of the fit."),
  },
  build: ({ weight, stride, reduction, ...fit }, context?: PriorContext): Prior => {
    const examples = requireExamples("patch-mixture", context);
    const name = JSON.stringify(fit);
    return {
      density: ({ model }) => {
        requireImages("patch-mixture", model, fit.side);
        return {
          logProb: ({ x }) => {
            const mixture = remembered(examples, name, () => fitPatches(examples, model, fit));
            const rows = patchesOf(inSpace(x, "pixel", model), fit.side, stride);
            const weights = constant(patchWeights(model.shape, fit.side, stride));
            const logs = logDensities(mixture, rows).reshape([-1, weights.size]).mul(weights);
            return (reduction === "sum" ? logs.sum() : logs.sum().div(weights.sum().mul(logs.shape[0]!))).mul(weight);
          },
        };
      },
    };
  },
});

function fitPatches(examples: Examples, { shape }: Model, fit: PatchFit): Whitening {
  const { side, components, iterations, noise, seed } = fit;
  const key = keyFromSeed(seed);
  const basis = cosineBasis(shape[0]!, side);
  const points = samplePatches(spacedImages(examples, fit.images), shape, { side, count: fit.patches, basis }, stream(key, "patches"));
  return whiteningOf(fitMixture(points, { components, iterations, floor: noise ** 2 }, stream(key, "fit")), basis);
}
