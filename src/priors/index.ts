import { catalogue } from "../spec/index.ts";
import { totalVariation } from "./total-variation.ts";
import { uniform } from "./uniform.ts";

/** The priors that an attack can assume. */
export const priors = catalogue("prior", [totalVariation, uniform]);

export type { Prior } from "./prior.ts";
export { totalVariation, uniform };
