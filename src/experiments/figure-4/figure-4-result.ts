import { z } from "zod";
import { hash } from "../../audit/index.ts";
import { head } from "../experiment-result.ts";

const interval = {
  mean: z.number(),
  low: z.number().describe("Lower end of the 95 % band of the mean."),
  high: z.number().describe("Upper end of that band."),
};
const law = z.enum(["gaussian", "laplacian"]);
const byStep = z.array(z.number());

const curve = {
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
};

/** The form of one curve. */
export const seriesSchema = z.strictObject(curve).describe("One curve.");

const schedule = z.strictObject({
  rate: z.number().positive().describe("Learning rate at the first step."),
  gamma: z.number().positive().describe("Factor of the learning rate from step to step."),
  anneal: z.number().positive().describe("Factor of the log-likelihood at the start; 1 does not anneal."),
});

const tuned = z
  .strictObject({
    by: z.literal("distance").describe("What is least: the mean distance from the original after the last step."),
    draws: z.int().positive().describe("Draws that were tuned on: inputs of all networks together, none of which is scored."),
    candidates: z
      .array(schedule)
      .min(1)
      .describe("What every adversary tried, on the same draws from the same starts; the first is the setting of `series`."),
    spec: z.record(z.string(), z.json()).describe("Everything that the choices follow from."),
    specHash: hash.describe("Of that spec."),
    series: z
      .array(
        z.strictObject({
          ...curve,
          chosen: schedule.describe("The candidate of the least score; of equal ones the first."),
          scores: z.array(z.number()).min(1).describe("Mean distance on the draws that were tuned on, a candidate each, in their order."),
        }),
      )
      .describe(
        "A curve an adversary on the draws of the main panel, each with what was chosen for it; minusBayes is the difference from the tuned optimal pair.",
      ),
  })
  .describe("The comparison between adversaries that were tuned, each by the same budget.");

/**
 * The form of `result.json` of `gradleak reproduce figure-4`, from which its JSON Schema is made.
 */
export const figure4Schema = z
  .strictObject({
    ...head("figure-4"),
    truth: z
      .strictObject({ prior: z.literal("gaussian"), conditional: z.literal("laplacian") })
      .describe("What inputs and noise are drawn from."),
    confidence: z.number().describe("Of every band: over inputs, noise and starts, on the networks that were drawn."),
    series: z.array(seriesSchema).min(1).describe("Curves at one setting of the search, the same for all adversaries."),
    tuned: tuned.nullable().describe("The main panel after tuning; null where nothing was tuned."),
  })
  .describe("Distances of four adversaries from the original input by step, under Laplace noise.");

/** What figure 4 found, as `result.json` holds it. */
export type Figure4Result = z.output<typeof figure4Schema>;
/** One curve of a {@link Figure4Result}. */
export type Series = z.output<typeof seriesSchema>;
/** What the tuning of a {@link Figure4Result} came to. */
export type Figure4Tuned = z.output<typeof tuned>;
/** What is tuned: the schedule of a search. */
export type Schedule = z.output<typeof schedule>;
