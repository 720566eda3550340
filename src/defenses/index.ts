import { catalogue } from "../spec/index.ts";
import { gaussian } from "./gaussian.ts";
import { laplacian } from "./laplacian.ts";
import { none } from "./none.ts";

/** The defenses that a client can choose from. */
export const defenses = catalogue("defense", [gaussian, laplacian, none]);

export type { Defense, Disclosed, Likelihood } from "./defense.ts";
export { gaussianLikelihood } from "./gaussian.ts";
export { laplacianLikelihood } from "./laplacian.ts";
