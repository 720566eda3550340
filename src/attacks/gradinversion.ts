import { z } from "zod";
import { assuming, layerNorm } from "../adversary/index.ts";
import { gaussianLikelihood, type Likelihood } from "../defenses/index.ts";
import { adam, cosineRate } from "../optimizers/index.ts";
import { part } from "../parts/index.ts";
import { batchNorm as batchNormPrior, l2 as l2Prior, type Prior, product, totalVariation } from "../priors/index.ts";
import type { AttackDeclaration } from "./declaration.ts";

/**
 * The factors of the terms that GradInversion's prior consists of. A term with factor 0 is left
 * out.
 */
interface Fidelity {
  readonly tv: number;
  readonly l2: number;
  readonly batchNorm: number;
}

/**
 * GradInversion's p(x): small total variation, small norms, and batch statistics like those of the
 * network's training data (Yin et al. 2021, R_fidelity).
 */
function fidelity({ tv, l2, batchNorm }: Fidelity): { readonly prior: Prior; readonly name: string } {
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
 * Yin et al. (2021), "See through Gradients". The method reads the labels of a batch without
 * repeats off the last layer. It compares the gradient of each parameter by its distance, not
 * squared. Its prior has total variation, ℓ2 norms and batch-norm statistics. Several seeds search
 * together and are drawn toward what they agree on. Each step adds Langevin noise, and the rate
 * follows a cosine after a warm-up.
 *
 * The authors' code is not public. The factors are those of the paper; that of the noise is from
 * its replications. Seeds are registered by translation, not by optical flow.
 */
export const gradinversion = part({
  kind: "gradinversion",
  doc: "Attacks batches with layer norms, image priors, batch-norm statistics and several seeds that agree (Yin et al. 2021).",
  params: {
    steps: z.int().positive().max(1_000_000).default(20_000).describe("The number of steps that the optimizer takes."),
    rate: z.number().positive().default(0.1).describe("The learning rate at the end of the warm-up, in model space."),
    warmUp: z.int().nonnegative().default(50).describe("The number of steps over which the rate rises. Then it falls along a cosine."),
    law: z
      .enum(["layer-norm", "gaussian"])
      .default("layer-norm")
      .describe("The likelihood: norms that are not squared, as in the method, or a Gaussian, as in Table 1 of the paper."),
    gradient: z
      .number()
      .positive()
      .default(1e-3)
      .describe("The factor of the gradient distances; for the Gaussian, of half their squares."),
    tv: z
      .number()
      .nonnegative()
      .default(1e-4)
      .describe("The factor of the total variation: the norms of the differences in four directions."),
    l2: z.number().nonnegative().default(1e-6).describe("The factor of the norms of the images."),
    batchNorm: z
      .number()
      .nonnegative()
      .default(0.1)
      .describe("The factor of the distances of batch-norm statistics. The first layer counts ten times."),
    seeds: z
      .int()
      .positive()
      .max(64)
      .default(4)
      .describe("The number of starts, which search together. The attack keeps the one whose gradient matches best."),
    group: z
      .number()
      .nonnegative()
      .default(0.01)
      .describe("The factor of the distance from what the seeds agree on. Larger values hold the seeds closer together."),
    groupFrom: z.int().nonnegative().default(500).describe("The first step that uses the group term."),
    groupEvery: z.int().positive().default(100).describe("The number of steps between updates of what the seeds agree on."),
    groupShift: z
      .int()
      .nonnegative()
      .max(8)
      .default(2)
      .describe("The largest translation, in pixels, that registers one seed with another."),
    langevin: z
      .number()
      .nonnegative()
      .default(0.01)
      .describe("The standard deviation of the noise that is added after each step, in learning rates."),
    box: z.boolean().default(true).describe("Whether the search keeps pixels in [0, 1]."),
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
          choose: "likelihood",
          result: "last",
          ...(langevin > 0 ? { langevin } : {}),
          ...(seeds > 1 && group > 0 ? { group: { weight: group, from: groupFrom, every: groupEvery, shift: groupShift } } : {}),
        },
        { prior: name, labelRule: "distinct" },
      );
    },
  }),
});
