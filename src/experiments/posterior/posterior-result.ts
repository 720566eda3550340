import { z } from "zod";
import { head } from "../experiment-result.ts";

const interval = z.strictObject({ estimate: z.number(), lower: z.number(), upper: z.number() });
const share = interval.describe("A share of the draws with its 95 % interval (Clopper and Pearson).");

/** Draws whose stated probabilities lie between two bounds. */
const bin = z.strictObject({
  from: z.number().describe("The least stated probability of the bin."),
  to: z.number(),
  n: z.int().nonnegative().describe("Draws in the bin."),
  stated: z.number().nullable().describe("The mean stated probability; null in an empty bin."),
  recovered: interval
    .nullable()
    .describe("The share of them that came back, with an interval such that those of all bins hold together (Bonferroni, 95 %)."),
});

const sampled = z.strictObject({
  prior: z.enum(["gaussian", "cone"]).describe("What it took for p(x): N(0, I), or N(0, I) given the label."),
  recovered: share,
  minusPoint: interval.describe("The share that it recovers minus the point attack's, draw by draw (Tango, 95 %)."),
  meanDistance: z.number(),
  distanceMinusPoint: interval.describe("Its distance from the original minus the point attack's, draw by draw (Student, 95 %)."),
  stated: z.number().describe("The mean of its own probabilities of success."),
  calibration: z.array(bin).min(1),
  acceptance: z.number().describe("The mean rate at which trajectories were accepted."),
  rHat: z.strictObject({ median: z.number(), largest: z.number() }).describe("Of the largest R̂ of each draw."),
  effective: z.strictObject({ median: z.number(), least: z.number() }).describe("Of the least number of independent draws of each draw."),
  unmixed: z.number().describe("The share of draws whose R̂ is above 1.1: their chains did not mix."),
});

const cell = z.strictObject({
  scale: z.number().describe("Scale b of the Laplace noise."),
  delta: z.number().positive().describe("δ, chosen on draws that are not scored."),
  n: z.int().positive(),
  point: z
    .strictObject({ recovered: share, meanDistance: z.number() })
    .describe("The attack that maximizes log p(g | x) + log p(x) at a point, with the prior N(0, I)."),
  posterior: z.array(sampled).length(2).describe("The attacks of equation 2: with the point attack's prior, then with the true one."),
});

/**
 * The form of `result.json` of `gradleak reproduce posterior`, from which its JSON Schema is made.
 */
export const posteriorSchema = z
  .strictObject({ ...head("posterior"), cells: z.array(cell).min(1).describe("One a scale.") })
  .describe("The attack of equation 2, from draws of the posterior, against the attack at a point, on the same draws.");

/** What the comparison found, as `result.json` holds it. */
export type PosteriorResult = z.output<typeof posteriorSchema>;
