import { z } from "zod";
import { assuming, cosine } from "../adversary/index.ts";
import { adam, constantRate, milestoneRate } from "../optimizers/index.ts";
import { part } from "../parts/index.ts";
import { totalVariation } from "../priors/index.ts";
import type { AttackDeclaration } from "./declaration.ts";

/**
 * Geiping et al. (2020), "Inverting Gradients": cosine similarity and total variation, searched by
 * Adam on signs inside the box of pixels.
 */
export const invertingGradients = part({
  kind: "inverting-gradients",
  doc: "Maximizes cosine similarity minus total variation by Adam on the signs of the gradient (Geiping et al. 2020).",
  params: {
    steps: z.int().positive().max(1_000_000).default(4800).describe("The number of steps that the optimizer takes."),
    rate: z.number().positive().default(0.1).describe("The learning rate, in model space."),
    decay: z
      .enum(["milestones", "none"])
      .default("milestones")
      .describe("Whether the rate is divided by ten after 3/8, 5/8 and 7/8 of the steps."),
    tv: z.number().nonnegative().default(1e-4).describe("The factor of the total variation. Larger values give smoother images."),
    tvNorm: z
      .enum(["l1", "squared"])
      .default("l1")
      .describe("Whether the total variation averages absolute or squared differences of neighbors."),
    signed: z.boolean().default(true).describe("Whether Adam sees only the sign of each gradient entry."),
    box: z.boolean().default(true).describe("Whether the search keeps pixels in [0, 1]."),
    start: z.enum(["normal", "uniform", "zeros"]).default("normal").describe("The distribution of the starting point, in model space."),
    restarts: z.int().positive().max(64).default(1).describe("The number of starts. The attack keeps the one whose gradient matches best."),
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
          choose: "likelihood",
          result: "last",
        },
        { prior: `total variation (${tvNorm}, factor ${tv})` },
      ),
  }),
});
