import { z } from "zod";
import { models } from "../../models/index.ts";
import { nested } from "../../parts/index.ts";

const size = (initial: number, doc: string, least = 1) => z.int().min(least).max(1_000_000).default(initial).describe(doc);

/** What the comparison leaves open, with what is chosen for it. */
export const assumedLawParams = {
  sigma: z.number().positive().default(0.1).describe("Standard deviation of the Gaussian noise."),
  scale: z.number().positive().default(0.1).describe("Scale b of the Laplace noise."),
  keep: z.number().gt(0).lt(1).default(0.5).describe("Share of the entries that a mask keeps."),
  panels: z
    .array(z.enum(["vectors", "images"]))
    .min(1)
    .default(["vectors", "images"])
    .describe("Inputs from a standard normal law, or the images that ship."),
  width: z.int().positive().max(4096).default(100).describe("Hidden units of the network for vectors."),
  dimension: z.int().positive().max(4096).default(20).describe("Entries of a vector."),
  model: nested("model", () => models)
    .prefault("mlp:sizes=100,initial=lecun")
    .describe("The network for images, with weights drawn from the seed."),
  samples: size(200, "Vectors that are scored behind each defense."),
  tuning: size(40, "Vectors that each candidate is tried on; none of them is scored.", 2),
  steps: size(200, "Steps of Adam on vectors."),
  restarts: z.int().positive().max(64).default(3).describe("Starts of each vector; every attacker keeps the one that it finds likeliest."),
  images: size(24, "Images that are scored behind each defense."),
  tuningImages: size(4, "Images that each candidate is tried on.", 2),
  imageSteps: size(200, "Steps of Adam on images."),
  rate: z.array(z.number().positive()).min(1).default([0.1, 0.2]).describe("Learning rates that are tried."),
  widen: z
    .array(z.number().min(1))
    .min(1)
    .default([1, 10])
    .describe("Widths of the assumed noise at the start that are tried, in true widths."),
  weight: z
    .array(z.number().positive())
    .min(1)
    .default([1000, 10_000, 100_000])
    .describe("Factors of the squared total variation that are tried on images."),
} as const;

export type AssumedLawParams = z.output<z.ZodObject<typeof assumedLawParams>>;
