import { catalogue, chainable } from "../parts/index.ts";
import { batchNorm } from "./batch-norm.ts";
import { gaussianCone } from "./gaussian-cone.ts";
import { gaussianFit } from "./gaussian-fit.ts";
import { gaussian } from "./gaussian-prior.ts";
import { l2 } from "./l2.ts";
import { laplacianFit } from "./laplacian-fit.ts";
import { laplacian } from "./laplacian-prior.ts";
import { mixture } from "./mixture.ts";
import { patchMixture } from "./patch-mixture.ts";
import type { Prior, PriorContext } from "./prior.ts";
import { product } from "./product.ts";
import { range } from "./range.ts";
import { totalVariation } from "./total-variation.ts";
import { uniform } from "./uniform.ts";
import { type Priors, weighted } from "./weighted.ts";

/**
 * The catalogue of priors that an attack can assume. A chain `a+b` is the product of its links.
 * Priors that are estimated from data need examples in their context.
 *
 * @example
 * ```ts
 * const smooth = priors.build("tv:weight=0.01+l2");
 * const fitted = priors.build("gaussian-fit:images=500", { examples: examplesOf(publicData) });
 * ```
 */
export const priors: Priors = chainable(
  catalogue<Prior, [context?: PriorContext]>("prior", [
    batchNorm,
    gaussian,
    gaussianCone,
    gaussianFit,
    l2,
    laplacian,
    laplacianFit,
    mixture,
    patchMixture,
    range,
    totalVariation,
    uniform,
    weighted(() => priors),
  ]),
  product,
);

export { climbed, type DensityPrior, densityOf, type Prior, type PriorContext, type ScorePrior, scoreOf } from "./prior.ts";
export { product } from "./product.ts";
export { batchNorm, l2, totalVariation, uniform };
