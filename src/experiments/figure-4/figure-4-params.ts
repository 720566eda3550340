import { z } from "zod";

/** Most inputs a network that are scored. */
export const mostSamples = 1_000_000;

/**
 * What figure 4 leaves open, with what is chosen for it. The first width and number of classes are
 * those of the main panel.
 */
export const figure4Params = {
  width: z
    .array(z.int().positive().max(4096))
    .min(1)
    .default([100, 20, 50, 400])
    .describe("Hidden units of the network; the first is the main panel's."),
  classes: z.array(z.int().min(2).max(1000)).min(1).default([10, 2]).describe("Classes; the first are the main panel's."),
  dimension: z.int().positive().max(4096).default(20).describe("Entries of an input."),
  samples: z.int().min(2).max(mostSamples).default(200).describe("Inputs a network."),
  networks: z.int().positive().max(1000).default(3).describe("Networks, each with its own labeling matrix W and weights."),
  epochs: z
    .int()
    .nonnegative()
    .max(1000)
    .default(0)
    .describe("Epochs that each network is trained before (Adam 1e-3, batches of 32, 1000 inputs)."),
  scale: z.number().positive().default(0.1).describe("Scale b of the Laplace noise that the client adds."),
  sigma: z
    .union([z.literal("matched"), z.number().positive()])
    .default("matched")
    .describe("Standard deviation that the Gaussian conditional assumes; matched is that of the noise, √2·b."),
  priorScale: z
    .union([z.literal("matched"), z.number().positive()])
    .default("matched")
    .describe("Scale b of the Laplacian prior; matched has the inputs' variance 1, b = 1/√2."),
  steps: z.int().positive().max(100_000).default(200).describe("Steps of Adam."),
  rate: z.number().positive().default(0.1).describe("Learning rate at the first step."),
  gamma: z.number().positive().max(1).default(1).describe("Factor of the learning rate from step to step."),
  anneal: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe("Factor of the log-likelihood at the start, which rises geometrically to 1 over half of the steps; 1 does not anneal."),
  start: z.enum(["normal", "uniform", "zeros"]).default("normal").describe("Starting points, the same for all adversaries."),
  labels: z.enum(["known", "recovered", "joint"]).default("known").describe("Given, read off the update, or looked for with the input."),
  k: z.array(z.int().positive().max(4096)).min(1).default([1, 8, 64]).describe("Points of Algorithm 1 in the ball, one panel each."),
  delta: z
    .array(z.number().nonnegative())
    .min(1)
    .default([0, 0.25, 0.5, 1])
    .describe("Radii of the ball; at 0 every k is the point x itself."),
  ballPairs: z
    .enum(["optimal", "all"])
    .default("optimal")
    .describe("Which adversaries average over a ball: the Bayes optimal one, or all four."),
  points: z
    .enum(["independent", "antithetic"])
    .default("independent")
    .describe("Independent points, or pairs ±u (then every k > 1 is even)."),
  bound: z.enum(["jensen", "log-mean-exp"]).default("jensen").describe("Jensen's bound, or the logarithm of the mean."),
  tuneRate: z
    .array(z.number().positive())
    .min(1)
    .default([0.1, 0.3, 1])
    .describe("Learning rates that are tried for each adversary of the main panel; every combination is, and the fixed setting."),
  tuneGamma: z.array(z.number().positive().max(1)).min(1).default([1, 0.99, 0.98]).describe("Factors of the learning rate that are tried."),
  tuneAnneal: z
    .array(z.number().positive().max(1))
    .min(1)
    .default([1, 0.1, 0.01])
    .describe("First factors of the log-likelihood that are tried."),
  tuneDraws: z
    .int()
    .nonnegative()
    .max(1_000_000)
    .default(100)
    .describe("Inputs a network that are tuned on, by mean distance; none of them is scored. 0 tunes nothing."),
  lanes: z.int().positive().max(65536).default(256).describe("Points that one program evaluates: draws times k."),
} as const;

export type Figure4Params = z.output<z.ZodObject<typeof figure4Params>>;
