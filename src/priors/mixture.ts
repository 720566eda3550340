import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { sizeOf } from "../graph/index.ts";
import { type Examples, type Model, perChannel } from "../models/index.ts";
import { part } from "../parts/index.ts";
import { keyFromSeed, stream } from "../random/index.ts";
import { drawRows, logDensities, type Whitening, whiteningOf } from "./gaussian-mixture.ts";
import { fitMixture, type Mixture } from "./mixture-fit.ts";
import { following, type Prior, type PriorContext } from "./prior.ts";
import { inSpace } from "./space.ts";
import { imagesParameter, onceForExamples, requireExamples, spacedImages } from "./training-images.ts";

/**
 * The largest number of entries of an example that this mixture takes. The data would not determine
 * full covariances of more.
 */
const most = 64;

const remembered = onceForExamples<{ readonly fitted: Mixture; readonly whitening: Whitening }>();

/**
 * log p(x) = Σ over examples of log Σ_k π_k N(x; μ_k, Σ_k). This is a Gaussian mixture of whole
 * examples with full covariances, fitted by expectation-maximization to training examples in pixel
 * space. It takes examples of at most 64 numbers. The density is normalized in model space.
 */
export const mixture = part({
  kind: "mixture",
  doc: "A Gaussian mixture of whole examples of at most 64 numbers, fitted to training examples.",
  params: {
    components: z.int().positive().max(64).default(4).describe("The number of components."),
    images: imagesParameter(2000),
    iterations: z.int().nonnegative().max(1000).default(100).describe("The number of iterations of expectation-maximization."),
    noise: z
      .number()
      .positive()
      .default(0.01)
      .describe("The standard deviation of the noise that examples are seen through, in pixels from 0 to 1."),
    seed: z.int().nonnegative().default(0).describe("The seed of the start of the fit."),
  },
  build: ({ noise, images, seed, ...options }, context?: PriorContext): Prior => {
    const examples = requireExamples("mixture", context);
    const fit = { ...options, floor: noise ** 2 };
    const name = JSON.stringify([fit, images, seed]);
    return following((model, shape) => {
      const d = dimension(model);
      const { fitted, whitening } = remembered(examples, name, () => {
        const own = fitMixture(pointsOf(examples, images, d), fit, stream(keyFromSeed(seed), "fit"));
        return { fitted: own, whitening: whiteningOf(own) };
      });
      const { mean, std } = perChannel(model);
      const logVolume = std.log().expand(shape).sum();
      return {
        logProb: (x) =>
          logDensities(whitening, inSpace(x, "pixel", model).reshape([shape[0]!, d]))
            .sum()
            .add(logVolume),
        sample: (key) => drawRows(fitted, shape[0]!, key).reshape(shape).sub(mean).div(std),
      };
    });
  },
});

function dimension({ shape }: Model): number {
  const d = sizeOf(shape);
  if (d <= most) return d;
  throw new LeakageError(
    "spec",
    `The prior mixture takes examples of at most ${most} numbers, and these have ${d}; use patch-mixture for images.`,
  );
}

function pointsOf(examples: Examples, images: number, d: number) {
  const chosen = spacedImages(examples, images);
  return { d, count: chosen.length, data: Float64Array.from(chosen.flatMap((image) => [...image])) };
}
