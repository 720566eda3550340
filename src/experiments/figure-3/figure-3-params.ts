import { z } from "zod";
import { datasets } from "../../data/index.ts";
import { models } from "../../models/index.ts";
import { nested } from "../../parts/index.ts";

export const figure3Params = {
  data: nested("data set", () => datasets)
    .prefault("cifar10")
    .describe("The images. The first ones of the training split are attacked."),
  images: z.int().min(1).max(1000).default(40).describe("The number of images."),
  trainingSteps: z
    .int()
    .nonnegative()
    .max(100_000)
    .default(10)
    .describe("The steps that each network is trained for before it is attacked."),
  batch: z.int().positive().max(4096).default(32).describe("The images of a step of training."),
  soteria: nested("model", () => models)
    .prefault("convbig")
    .describe("The network whose clients use Soteria."),
  prune: z.number().min(0).max(100).default(80).describe("The percentile below which Soteria prunes columns."),
  soteriaRate: z.number().positive().default(1e-3).describe("The learning rate of Adam on that network."),
  precode: nested("model", () => models)
    .prefault("precode-mlp")
    .describe("The network with a variational bottleneck."),
  precodeRate: z.number().positive().default(5e-3).describe("The learning rate of Adam on that network."),
  steps: z.int().positive().max(1_000_000).default(4000).describe("The steps of the search of each attack that searches."),
  chunk: z
    .int()
    .positive()
    .max(1000)
    .default(4)
    .describe("The images that are attacked together, and kept together when they are finished."),
} as const;

export type Figure3Params = z.output<z.ZodObject<typeof figure3Params>>;
