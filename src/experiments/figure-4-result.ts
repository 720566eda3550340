import { z } from "zod";
import { head } from "./result.ts";

const interval = {
  mean: z.number(),
  low: z.number().describe("Lower end of the 95 % band of the mean."),
  high: z.number().describe("Upper end of that band."),
};
const law = z.enum(["gaussian", "laplacian"]);
const byStep = z.array(z.number());

const series = z
  .strictObject({
    prior: law.describe("What the attacker took for p(x); the truth is gaussian."),
    conditional: law.describe("What the attacker took for p(g | x); the truth is laplacian."),
    width: z.int().positive().describe("Hidden units of the network."),
    classes: z.int().positive(),
    k: z.int().positive().describe("Points that Algorithm 1 drew in the ball at each step."),
    delta: z.number().nonnegative().describe("Radius of that ball; 0 for the point x itself."),
    n: z.int().positive().describe("Draws: inputs of all networks together."),
    finalDistance: z
      .strictObject({ ...interval, median: z.number() })
      .describe("Euclidean distance from the original input after the last step."),
    minusBayes: z
      .strictObject(interval)
      .describe("The same minus that of the Bayes optimal pair with k = 1 and δ = 0, draw by draw, on the same network and classes."),
    byNetwork: z.array(z.number()).describe("Mean final distance on each network."),
    quantiles: z.array(z.strictObject({ probability: z.number(), distance: z.number() })).describe("Of the final distance."),
    failed: z.int().nonnegative().describe("Draws whose objective was not a number; their best iterate counts."),
    distance: z
      .strictObject({ step: z.array(z.int().nonnegative()), mean: byStep, low: byStep, high: byStep, median: byStep })
      .describe("Distance from the original by step of the optimizer; step 0 is the start."),
  })
  .describe("One curve.");

/** The form of `result.json` of `gradleak reproduce figure-4`, from which its JSON Schema is made. */
export const figure4Schema = z
  .strictObject({
    ...head("figure-4"),
    truth: z
      .strictObject({ prior: z.literal("gaussian"), conditional: z.literal("laplacian") })
      .describe("What inputs and noise are drawn from."),
    confidence: z.number().describe("Of every band: over inputs, noise and starts, on the networks that were drawn."),
    series: z.array(series).min(1),
  })
  .describe("Distances of four adversaries from the original input by step, under Laplace noise.");

/** What figure 4 found, as `result.json` holds it. */
export type Figure4Result = z.output<typeof figure4Schema>;
/** One curve of a {@link Figure4Result}. */
export type Series = Figure4Result["series"][number];
