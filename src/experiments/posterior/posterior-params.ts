import { z } from "zod";

const count = (initial: number, doc: string, least = 1) => z.int().min(least).max(1_000_000).default(initial).describe(doc);

/** What the comparison leaves open, with what is chosen for it. */
export const posteriorParams = {
  scale: z.array(z.number().positive()).min(1).default([0.5, 1, 2]).describe("Scales b of the Laplace noise, one cell each."),
  width: z.int().positive().max(4096).default(100).describe("Hidden units of the network."),
  classes: z.int().min(2).max(1000).default(10).describe("Classes."),
  dimension: z.int().positive().max(4096).default(20).describe("Entries of an input."),
  share: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.5)
    .describe("The share of other draws that the point attack recovers within δ: this chooses δ, for each scale."),
  tuning: count(400, "Draws that δ is chosen on; none of them is scored.", 2),
  samples: count(2000, "Draws that are scored, for each scale.", 2),
  steps: count(200, "Steps of Adam of the point attack, and of the search before the sampling."),
  chains: z.int().min(8).max(4096).default(64).describe("Chains of each draw."),
  warmUp: count(60, "Trajectories of each chain before its first draw from the posterior."),
  draws: z.int().min(4).max(100_000).default(40).describe("Draws of each chain from the posterior."),
  leapfrogs: z.int().positive().max(1000).default(2).describe("Leapfrog steps of a trajectory."),
  lanes: z.int().positive().max(4096).default(10).describe("Draws that one program attacks together."),
} as const;

export type PosteriorParams = z.output<z.ZodObject<typeof posteriorParams>>;
