import { z } from "zod";
import type { Examples, Model } from "../models/index.ts";
import { part } from "../parts/index.ts";
import { keyFromSeed, stream } from "../random/index.ts";
import { cosineBasis } from "./cosine-basis.ts";
import { logDensities, type Whitening, whiteningOf } from "./gaussian-mixture.ts";
import { fitMixture } from "./mixture-fit.ts";
import { patchesOf, samplePatches } from "./patches.ts";
import type { Prior, PriorContext } from "./prior.ts";
import { inSpace, reductionParameter, requirePictures } from "./space.ts";
import { imagesParameter, onceForExamples, requireExamples, spacedPictures } from "./training-pictures.ts";

/** What the fit depends on beside the training pictures. */
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
 * log p(x) = weight · Σ over patches of log Σ_k π_k N(patch − its mean; μ_k, Σ_k): the expected
 * patch log-likelihood (Zoran and Weiss 2011) of color patches in pixel space, all channels
 * together with one mean removed. The mixture has full covariances over the side²·c − 1 coordinates
 * that removing the mean leaves, fitted by expectation-maximization to patches of training
 * pictures, which are taken as seen through noise of standard deviation `noise`, so that flat ones
 * have a density.
 *
 * It sums (or averages) over patches and images; where patches overlap, a pixel counts once for
 * each that it is in. The overall brightness of a patch is free. The fit takes a few seconds for
 * each iteration with 10000 patches and 64 components, and is kept as long as the training
 * pictures.
 */
export const patchMixture = part({
  kind: "patch-mixture",
  doc: "Patches follow a Gaussian mixture that is fitted to training pictures.",
  params: {
    weight: z.number().nonnegative().default(1).describe("Factor of the logarithm."),
    stride: z.int().positive().max(32).default(4).describe("Pixels from one patch to the next."),
    reduction: reductionParameter("sum", "patches and images"),
    side: z.int().min(2).max(16).default(8).describe("Pixels along a side of a patch."),
    components: z.int().positive().max(256).default(64).describe("Components of the mixture."),
    patches: z.int().min(2).max(200_000).default(10_000).describe("Patches that the mixture is fitted to."),
    images: imagesParameter(500),
    iterations: z.int().nonnegative().max(1000).default(10).describe("Iterations of expectation-maximization."),
    noise: z.number().positive().default(0.01).describe("Standard deviation of the noise that patches are taken with, in [0, 1]."),
    seed: z.int().nonnegative().default(0).describe("Of the choice of patches and the start."),
  },
  build: ({ weight, stride, reduction, ...fit }, context?: PriorContext): Prior => {
    const examples = requireExamples("patch-mixture", context);
    const name = JSON.stringify(fit);
    return {
      density: ({ model }) => {
        requirePictures("patch-mixture", model, fit.side);
        return {
          logProb: ({ x }) => {
            const mixture = remembered(examples, name, () => fitPatches(examples, model, fit));
            const rows = patchesOf(inSpace(x, "pixel", model), fit.side, stride);
            return logDensities(mixture, rows)[reduction]().mul(weight);
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
  const points = samplePatches(spacedPictures(examples, fit.images), shape, { side, count: fit.patches, basis }, stream(key, "patches"));
  return whiteningOf(fitMixture(points, { components, iterations, floor: noise ** 2 }, stream(key, "fit")), basis);
}
