import { z } from "zod";
import { assuming, layerNorm } from "../adversary/index.ts";
import { gaussianLikelihood, type Likelihood } from "../defenses/index.ts";
import { adam, cosineRate } from "../optimizers/index.ts";
import { part } from "../parts/index.ts";
import { batchNorm as batchNormPrior, l2 as l2Prior, type Prior, product, totalVariation } from "../priors/index.ts";
import type { AttackDeclaration } from "./declaration.ts";

/** The weights that a prior of GradInversion is made of. */
export interface Fidelity {
  readonly tv: number;
  readonly l2: number;
  readonly batchNorm: number;
}

/**
 * GradInversion's p(x): total variation, small norms, and batch statistics that are those of the
 * network's training data (Yin et al. 2021, R_fidelity).
 */
export function fidelity({ tv, l2, batchNorm }: Fidelity): { readonly prior: Prior; readonly name: string } {
  const terms: readonly (readonly [number, string, () => Prior])[] = [
    [
      tv,
      "total variation",
      () => totalVariation.build({ weight: tv, norm: "l2", directions: 4, wrap: false, reduction: "sum", space: "model" }),
    ],
    [l2, "ℓ2", () => l2Prior.build({ weight: l2, norm: "l2", reduction: "sum", space: "model" })],
    [batchNorm, "batch-norm statistics", () => batchNormPrior.build({ weight: batchNorm, first: 10, layers: "all" })],
  ];
  const used = terms.filter(([weight]) => weight > 0);
  return {
    prior: product(used.map(([, , build]) => build())),
    name: used.length === 0 ? "uniform" : used.map(([weight, name]) => `${name} × ${weight}`).join(", "),
  };
}

/**
 * Yin et al. (2021), "See through Gradients": labels of a batch without repeats read off the last
 * layer, un-squared distances of each parameter's gradient, total variation, ℓ2 and batch-norm
 * statistics, several seeds that agree, Langevin noise, a cosine schedule after a warm-up. Their
 * code is not public: the weights are those of the paper (noise: of its replications), and seeds
 * are registered by translation, not by optical flow.
 */
export const gradinversion = part({
  kind: "gradinversion",
  doc: "Layer norms, image priors, batch-norm statistics and seeds that agree, for batches (Yin et al. 2021).",
  params: {
    steps: z.int().positive().max(1_000_000).default(20_000).describe("Steps of the optimizer."),
    rate: z.number().positive().default(0.1).describe("Learning rate, after the warm-up."),
    warmUp: z.int().nonnegative().default(50).describe("Steps over which the rate rises, before it falls along a cosine."),
    law: z
      .enum(["layer-norm", "gaussian"])
      .default("layer-norm")
      .describe("Un-squared norms, as the method has them, or a Gaussian, as the paper's Table 1 reads it."),
    gradient: z.number().positive().default(1e-3).describe("Factor of the gradient distances (of half their squares for the Gaussian)."),
    tv: z.number().nonnegative().default(1e-4).describe("Factor of the total variation (the norms of differences in four directions)."),
    l2: z.number().nonnegative().default(1e-6).describe("Factor of the images' norms."),
    batchNorm: z.number().nonnegative().default(0.1).describe("Factor of the batch-norm statistics; the first layer counts ten times."),
    seeds: z.int().positive().max(64).default(4).describe("Starts, attacked together; the one whose gradient matches best is kept."),
    group: z.number().nonnegative().default(0.01).describe("Factor of the distance from what the seeds agree on."),
    groupFrom: z.int().nonnegative().default(500).describe("The first step with that term."),
    groupEvery: z.int().positive().default(100).describe("Steps between refreshes of what they agree on."),
    groupShift: z.int().nonnegative().max(8).default(2).describe("Translations of at most so many pixels register the seeds."),
    langevin: z.number().nonnegative().default(0.01).describe("Noise after each step, in learning rates."),
    box: z.boolean().default(true).describe("Pixels are kept in [0, 1]."),
  },
  build: (params): AttackDeclaration => ({
    labels: "recovered",
    fixesPrior: true,
    build: () => {
      const { steps, rate, warmUp, law, gradient, seeds, group, groupFrom, groupEvery, groupShift, langevin, box } = params;
      const likelihood: Likelihood = law === "layer-norm" ? layerNorm(gradient) : gaussianLikelihood(1 / Math.sqrt(gradient));
      const { prior, name } = fidelity(params);
      return assuming(
        { likelihood, prior },
        {
          optimizer: adam(),
          steps,
          rate: cosineRate(rate, warmUp),
          start: "normal",
          box,
          restarts: seeds,
          result: "last",
          ...(langevin > 0 ? { langevin } : {}),
          ...(seeds > 1 && group > 0 ? { group: { weight: group, from: groupFrom, every: groupEvery, shift: groupShift } } : {}),
        },
        { prior: name, labelRule: "distinct" },
      );
    },
  }),
});
