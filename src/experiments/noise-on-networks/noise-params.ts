import { z } from "zod";
import { models } from "../../models/index.ts";
import { nested } from "../../parts/index.ts";

/** The noise that a client adds, each with one number for its strength. */
export const noises = ["gaussian", "laplacian", "mask", "dp-sgd"] as const;
export type NoiseKind = (typeof noises)[number];

const list = <Value extends z.ZodType>(value: Value, initial: z.input<Value>[], doc: string) =>
  z
    .array(value)
    .min(1)
    .default(initial as z.output<Value>[])
    .describe(doc);

export const noiseParams = {
  data: list(z.enum(["mnist", "cifar10", "shapes"]), ["mnist", "cifar10"], "The data sets."),
  model: nested("model", () => models)
    .prefault("cnn")
    .describe("The network."),
  defenses: list(z.enum(noises), [...noises], "The defenses."),
  strengths: list(
    z.number().positive(),
    [0.001, 0.01, 0.1],
    "The standard deviations of the noise on each entry of what is sent; of dp-sgd the noise multiplier, with a clip norm of 1.",
  ),
  keep: z.number().gt(0).lt(1).default(0.5).describe("The share of entries that the mask keeps, before Gaussian noise."),
  trainingSteps: z
    .int()
    .positive()
    .max(100_000)
    .default(500)
    .describe("The steps of training under the defense, before the second attack."),
  batch: z.int().positive().max(4096).default(32).describe("The images of a step of training."),
  trainingRate: z.number().positive().default(1e-3).describe("The learning rate of Adam in that training."),
  examples: z.int().positive().max(1_000_000).default(50_000).describe("The images that are trained on, at most."),
  testExamples: z.int().positive().max(1_000_000).default(10_000).describe("The images that accuracy is measured on, at most."),
  images: z.int().min(2).max(100_000).default(40).describe("The images that are scored, each with an update of its own."),
  tuningImages: z.int().min(2).max(100_000).default(8).describe("The images that each candidate is tried on. None of them is scored."),
  steps: z.int().positive().max(1_000_000).default(300).describe("The steps of each attack."),
  rate: list(z.number().positive(), [0.05, 0.1], "The learning rates that are tried."),
  weight: list(
    z.number().positive(),
    [100, 1000, 10_000, 100_000],
    "The factors of the squared total variation that are tried, as a log-density beside that of the noise.",
  ),
  tv: list(
    z.number().positive(),
    [1e-4, 1e-3, 1e-2, 1e-1],
    "The factors of the squared total variation that are tried beside the cosine. There are as many as of the others.",
  ),
} as const;

export type NoiseParams = z.output<z.ZodObject<typeof noiseParams>>;
