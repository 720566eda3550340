import { catalogue, chainable } from "../parts/index.ts";
import { clip } from "./clip.ts";
import type { Defense } from "./defense.ts";
import { dpSgd } from "./dp-sgd.ts";
import { gaussian } from "./gaussian.ts";
import { laplacian } from "./laplacian.ts";
import { mask } from "./mask.ts";
import { none } from "./none.ts";
import { chain } from "./step.ts";

/** The defenses that a client can choose from, and chains of them with `+`. */
export const defenses = chainable(catalogue<Defense>("defense", [clip, dpSgd, gaussian, laplacian, mask, none]), chain);

export type { Defense, Disclosed, Likelihood } from "./defense.ts";
export { gaussianLikelihood } from "./gaussian.ts";
export { laplacianLikelihood } from "./laplacian.ts";
export type { Law } from "./law.ts";
export type { Noise, Per } from "./noise.ts";
export { publishedIn } from "./published.ts";
export { chain, inSteps, type Moment, type Step } from "./step.ts";
export { withNoise } from "./with-noise.ts";
