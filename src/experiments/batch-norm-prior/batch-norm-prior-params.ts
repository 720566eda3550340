import { z } from "zod";

const values = (initial: readonly number[], doc: string) =>
  z
    .array(z.number().positive())
    .min(1)
    .default([...initial])
    .describe(`${doc} that are tried.`);

/**
 * What the comparison leaves open, with what is chosen for it. What is not tuned is as in the paper
 * (Yin et al. 2021), but for the number of steps and of seeds.
 */
export const batchNormPriorParams = {
  width: z.int().positive().max(64).default(16).describe("Width of the ConvNet."),
  pool: z
    .enum(["average", "max"])
    .default("max")
    .describe(
      "Its pools: its own, max, with which updates are so rugged that attacks hardly find their way from a random start; or average.",
    ),
  batch: z.int().positive().max(10).default(4).describe("Test images in an update, each of another class."),
  batches: z.int().min(2).max(10_000).default(6).describe("Updates that both attacks are given."),
  examples: z.int().min(32).max(50_000).default(1024).describe("Training images that the running statistics are from, in passes of 32."),
  trainingSteps: z
    .int()
    .nonnegative()
    .max(100_000)
    .default(0)
    .describe("Steps of Adam, of 32 training images each, that the network is trained for before."),
  trainingRate: z.number().positive().default(1e-3).describe("The learning rate of these steps."),
  gradient: z.number().positive().default(1e-3).describe("Factor of the gradient distances."),
  l2: z.number().nonnegative().default(1e-6).describe("Factor of the images' norms."),
  rates: values([0.1, 0.05], "Learning rates, after the warm-up,"),
  tvs: values([1e-4, 3e-4], "Factors of the total variation"),
  weights: values([1e-4, 1e-3, 1e-2], "Factors of the batch-norm prior, where it is assumed,"),
  candidates: z.int().positive().max(1000).default(4).describe("Candidates of either attack in its tuning, drawn at random of more."),
  tuning: z.int().positive().max(1000).default(1).describe("Updates of training images that each candidate is tried on."),
  steps: z.int().positive().max(1_000_000).default(80).describe("Steps of the optimizer."),
  warmUp: z.int().nonnegative().default(10).describe("Steps over which the rate rises, before it falls along a cosine."),
  seeds: z.int().positive().max(64).default(1).describe("Starts of each update; the one whose gradient matches best is kept."),
  group: z.number().nonnegative().default(0.01).describe("Factor of the distance from what the seeds agree on, where there are several."),
  groupFrom: z.int().nonnegative().default(20).describe("The first step with that term."),
  groupEvery: z.int().positive().default(10).describe("Steps between refreshes of what they agree on."),
  langevin: z.number().nonnegative().default(0.01).describe("Noise after each step, in learning rates."),
  labels: z.enum(["recovered", "known"]).default("recovered").describe("Read off the update by the rule `distinct`, or given."),
} as const;

export type BatchNormPriorParams = z.output<z.ZodObject<typeof batchNormPriorParams>>;
