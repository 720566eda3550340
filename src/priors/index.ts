import { catalogue, chainable } from "../parts/index.ts";
import { batchNorm } from "./batch-norm.ts";
import { gaussian } from "./gaussian.ts";
import { gaussianFit } from "./gaussian-fit.ts";
import { l2 } from "./l2.ts";
import { laplacian } from "./laplacian.ts";
import { laplacianFit } from "./laplacian-fit.ts";
import { mixture } from "./mixture.ts";
import { patchMixture } from "./patch-mixture.ts";
import type { Prior, PriorContext } from "./prior.ts";
import { product } from "./product.ts";
import { range } from "./range.ts";
import { totalVariation } from "./total-variation.ts";
import { uniform } from "./uniform.ts";
import { type Priors, weighted } from "./weighted.ts";

/** The priors that an attack can assume. A chain `a+b` is their product. */
export const priors: Priors = chainable(
  catalogue<Prior, [context?: PriorContext]>("prior", [
    batchNorm,
    gaussian,
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

export type { Prior, PriorContext } from "./prior.ts";
export { product } from "./product.ts";
export { batchNorm, gaussian, gaussianFit, l2, laplacian, laplacianFit, mixture, patchMixture, range, totalVariation, uniform };
