import { catalogue, chainable } from "../parts/index.ts";
import { ats } from "./ats/ats.ts";
import { clip } from "./clip.ts";
import { chain, type Defense } from "./defense.ts";
import { dpSgd } from "./dp-sgd.ts";
import { gaussian } from "./gaussian-noise.ts";
import { laplacian } from "./laplacian-noise.ts";
import { mask } from "./mask.ts";
import { none } from "./none.ts";
import { precode } from "./precode.ts";
import { soteria } from "./soteria.ts";

/**
 * The catalogue of defenses that a client can use. A chain such as `clip+gaussian` applies several,
 * in order.
 *
 * @example
 * ```ts
 * const noisy = defenses.build("gaussian:sigma=0.01");
 * const chained = defenses.build("clip:norm=1+gaussian:sigma=0.01");
 * ```
 */
export const defenses = chainable(
  catalogue<Defense>("defense", [ats, clip, dpSgd, gaussian, laplacian, mask, none, precode, soteria]),
  chain,
);

export { type Adaptive, adaptiveTo } from "./adaptive.ts";
export { ats } from "./ats/ats.ts";
export { type Bytes, pixelsOf } from "./ats/bytes.ts";
export { library, transformed } from "./ats/library.ts";
export { type Ats, applied, type Case, type Policy } from "./ats/policy.ts";
export { numbersOfCase, throughAll } from "./ats/through.ts";
export { type Cropped, type Undone, uncropped, untransformed } from "./ats/undo.ts";
export {
  bareOf,
  chain,
  type Defense,
  type DefenseLaw,
  type DefenseState,
  defended,
  initialState,
  lawOf,
  requireFit,
  residualBehind,
  type Sent,
  send,
} from "./defense.ts";
export { gaussianLikelihood } from "./gaussian-noise.ts";
export { laplacianLikelihood } from "./laplacian-noise.ts";
export { type Law, type UnknownLaw, unknownLaw } from "./law/law.ts";
export type { Likelihood, Published } from "./law/likelihood.ts";
export type { Noise, Per } from "./law/noise.ts";
export { masksOn, publishedIn } from "./law/published.ts";
export { bareResidual, type Residual } from "./law/residual.ts";
export { atsOf, changesImages, imagesBehind } from "./on-images.ts";
export { type Privacy, postProcessing } from "./privacy.ts";
export { privacyOf, type Unprotected } from "./private-steps.ts";
export { type Acted, deterministicStep, type Moment, type Step, type StepState, stepWithoutLaw } from "./step.ts";
export { noiseLikelihood, noiseStep, withNoise } from "./with-noise.ts";
