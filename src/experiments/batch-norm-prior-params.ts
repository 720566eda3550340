import { z } from "zod";

/**
 * What the comparison leaves open, with what is chosen for it. Weights are those of the paper (Yin et al. 2021) but for total variation: of 1e-4 (theirs), 1e-3 and 1e-2
 * the one with the largest PSNR of both attacks together on an update of another seed.
 */
export const batchNormPriorParams = {
  width: z.int().positive().max(64).default(16).describe("Width of the ConvNet."),
  batch: z.int().positive().max(10).default(4).describe("Test images in an update, each of another class."),
  batches: z.int().min(2).max(10_000).default(8).describe("Updates that both attacks are given."),
  examples: z.int().min(32).max(50_000).default(1024).describe("Training images that the running statistics are from, in passes of 32."),
  weight: z.number().positive().default(0.1).describe("Factor of the batch-norm prior where it is assumed."),
  gradient: z.number().positive().default(1e-3).describe("Factor of the gradient distances."),
  tv: z.number().nonnegative().default(1e-2).describe("Factor of the total variation."),
  l2: z.number().nonnegative().default(1e-6).describe("Factor of the images' norms."),
  steps: z.int().positive().max(1_000_000).default(60).describe("Steps of the optimizer."),
  rate: z.number().positive().default(0.1).describe("Learning rate, after the warm-up."),
  warmUp: z.int().nonnegative().default(10).describe("Steps over which the rate rises, before it falls along a cosine."),
  seeds: z.int().positive().max(64).default(1).describe("Starts of each update; the one whose gradient matches best is kept."),
  group: z.number().nonnegative().default(0.01).describe("Factor of the distance from what the seeds agree on, where there are several."),
  groupFrom: z.int().nonnegative().default(20).describe("The first step with that term."),
  groupEvery: z.int().positive().default(10).describe("Steps between refreshes of what they agree on."),
  langevin: z.number().nonnegative().default(0.01).describe("Noise after each step, in learning rates."),
  labels: z.enum(["recovered", "known"]).default("recovered").describe("Read off the update by the rule `distinct`, or given."),
} as const;

export type BatchNormPriorParams = z.output<z.ZodObject<typeof batchNormPriorParams>>;
