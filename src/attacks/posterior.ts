import { z } from "zod";
import { maximizingMass } from "../adversary/index.ts";
import { LeakageError } from "../errors.ts";
import { adam, annealed, constantRate } from "../optimizers/index.ts";
import { part } from "../parts/index.ts";
import { assumedLaw, assumedPrior, densities, narrowing } from "./assumed-densities.ts";
import type { AttackDeclaration } from "./declaration.ts";

/**
 * The adversary of equation 2 itself (Balunović et al. 2022, §4). It draws from the posterior
 * p(x | g) and answers with the center of the ball of radius δ that holds most draws, which is what
 * minimizes the risk. It states its own probability of success. Where the posterior is narrow
 * beside δ, `bayes` finds as good an answer with far less work.
 */
export const posterior = part({
  kind: "posterior",
  doc: "Draws from the posterior and answers with the center of the ball that holds most of it (equation 2, Balunović et al. 2022).",
  params: {
    ...densities,
    delta: z.number().positive().nullable().default(null).describe("The radius of the ball. none takes the δ of the score."),
    chains: z.int().min(8).max(4096).default(128).describe("The number of chains. Each quarter of them judges what the others choose."),
    warmUp: z
      .int()
      .positive()
      .max(1_000_000)
      .default(60)
      .describe("The trajectories of each chain in which the posterior is annealed and steps adapt. None of them is a draw."),
    draws: z.int().min(4).max(100_000).default(40).describe("The number of draws of each chain, a trajectory each."),
    leapfrogs: z.int().positive().max(1000).default(2).describe("The number of leapfrog steps of a trajectory."),
    from: z
      .enum(["everywhere", "found"])
      .default("everywhere")
      .describe("Where chains start: everywhere, or around the likeliest point that was found, where other modes get no mass."),
    steps: z
      .int()
      .positive()
      .max(1_000_000)
      .default(200)
      .describe("The number of steps of Adam that look for the likeliest point, which is one of the candidates for the center."),
    rate: z.number().positive().default(0.1).describe("The learning rate of that search, in model space."),
    box: z.boolean().default(true).describe("Whether pixels keep to [0, 1]. The posterior is 0 outside."),
  },
  build: ({ conditional, prior: own, delta, steps, rate, box, ...sampling }): AttackDeclaration => ({
    fixesPrior: own !== undefined,
    build: (setting) => {
      const { prior, name } = assumedPrior("posterior", own, setting);
      const likelihood = assumedLaw("posterior", conditional, setting);
      const radius = delta ?? setting.radius?.radius ?? 0;
      if (radius === 0)
        throw new LeakageError(
          "spec",
          "attack posterior maximizes the mass of a ball, and has no radius: state a delta above 0. Without a ball, the likeliest point is the answer, and that is the attack bayes.",
        );
      const from = narrowing(conditional, setting);
      return maximizingMass(
        { likelihood, prior },
        {
          prior,
          search: {
            optimizer: adam(),
            steps,
            rate: constantRate(rate),
            start: "normal",
            box,
            restarts: 1,
            result: "last",
            ...(from === null ? {} : { anneal: annealed(from) }),
          },
        },
        sampling,
        { radius, space: setting.radius?.space ?? "model" },
        { prior: name },
      );
    },
  }),
});
