import { type Attack, assuming, type Neighborhood } from "../../adversary/index.ts";
import { gaussianLikelihood, type Likelihood, laplacianLikelihood } from "../../defenses/index.ts";
import { adam, annealed, exponentialRate } from "../../optimizers/index.ts";
import { format, type PartSpec } from "../../parts/index.ts";
import { priors } from "../../priors/index.ts";
import type { Figure4Params } from "./figure-4-params.ts";
import type { Schedule, Series } from "./figure-4-result.ts";

/** What an adversary assumes. */
export type Pair = Pick<Series, "prior" | "conditional">;
/** Where the adversaries are compared. */
export type Setting = Pick<Series, "width" | "classes" | "k" | "delta">;

/** What inputs and noise are drawn from. */
export const truth = { prior: "gaussian", conditional: "laplacian" } as const;

/**
 * The Bayes optimal adversary first, then those that are wrong about the prior, the conditional, or
 * both.
 */
export const pairs: readonly Pair[] = [
  truth,
  { prior: "laplacian", conditional: "laplacian" },
  { prior: "gaussian", conditional: "gaussian" },
  { prior: "laplacian", conditional: "gaussian" },
];

/** The main panel: the first width and number of classes, judged at the point. */
export const mainSetting = ({ width, classes }: Figure4Params): Setting => ({ width: width[0]!, classes: classes[0]!, k: 1, delta: 0 });

/** The attack of a pair in a setting, by Adam with a schedule. */
export function attackOf(params: Figure4Params, pair: Pair, setting: Setting, { rate, gamma, anneal }: Schedule): Attack {
  const prior = priorOf(params, pair);
  const ball = ballOf(params, setting);
  return assuming(
    { likelihood: likelihoodOf(params, pair), prior: priors.build(prior), ...(ball ? { ball } : {}) },
    {
      optimizer: adam(),
      steps: params.steps,
      rate: exponentialRate(rate, gamma),
      ...(anneal < 1 ? { anneal: annealed(anneal) } : {}),
      start: params.start,
      box: false,
      restarts: 1,
      result: "last",
    },
    { prior: format(prior) },
  );
}

function likelihoodOf({ scale, sigma }: Figure4Params, { conditional }: Pair): Likelihood {
  return conditional === "laplacian" ? laplacianLikelihood(scale) : gaussianLikelihood(sigma === "matched" ? Math.SQRT2 * scale : sigma);
}

function priorOf({ priorScale }: Figure4Params, { prior }: Pair): PartSpec {
  if (prior === "gaussian") return { kind: "gaussian", sigma: 1 };
  return { kind: "laplacian", scale: priorScale === "matched" ? Math.SQRT1_2 : priorScale };
}

function ballOf({ bound, points }: Figure4Params, { k, delta }: Setting): Neighborhood | undefined {
  if (delta === 0) return undefined;
  return { samples: k, radius: delta, space: "model", bound, points: k === 1 ? "independent" : points };
}
