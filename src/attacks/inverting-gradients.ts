import { z } from "zod";
import { assuming, cosine } from "../adversary/index.ts";
import { adam, constantRate, milestoneRate } from "../optimizers/index.ts";
import { part } from "../parts/index.ts";
import { totalVariation } from "../priors/index.ts";
import type { AttackDeclaration } from "./declaration.ts";

/**
 * Geiping et al. (2020), "Inverting Gradients": cosine similarity, total variation, Adam on signs,
 * a box.
 */
export const invertingGradients = part({
  kind: "inverting-gradients",
  doc: "Cosine similarity and total variation, by Adam on the signs of the gradient (Geiping et al. 2020).",
  params: {
    steps: z.int().positive().max(1_000_000).default(4800).describe("Steps of the optimizer."),
    rate: z.number().positive().default(0.1).describe("Learning rate."),
    decay: z
      .enum(["milestones", "none"])
      .default("milestones")
      .describe("Division of the rate by ten after 3/8, 5/8 and 7/8 of the steps."),
    tv: z.number().nonnegative().default(1e-4).describe("Factor of the total variation."),
    tvNorm: z.enum(["l1", "squared"]).default("l1").describe("Absolute or squared differences of neighbors."),
    signed: z.boolean().default(true).describe("Only the sign of each gradient entry is used."),
    box: z.boolean().default(true).describe("Pixels are kept in [0, 1]."),
    start: z.enum(["normal", "uniform", "zeros"]).default("normal").describe("Starting point, in model space."),
    restarts: z.int().positive().max(64).default(1).describe("Starts; the one whose gradient matches best is kept."),
  },
  build: ({ steps, rate, decay, tv, tvNorm, signed, box, start, restarts }): AttackDeclaration => ({
    fixesPrior: true,
    build: () =>
      assuming(
        {
          likelihood: cosine,
          prior: totalVariation.build({ weight: tv, norm: tvNorm, directions: 2, wrap: false, reduction: "mean", space: "model" }),
        },
        {
          optimizer: adam({ signed }),
          steps,
          rate: decay === "none" ? constantRate(rate) : milestoneRate(rate),
          start,
          box,
          restarts,
          result: "last",
        },
        { prior: `total variation (${tvNorm}, factor ${tv})` },
      ),
  }),
});
