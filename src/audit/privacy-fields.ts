import { z } from "zod";
import { privacySpent, type SampledGaussian } from "../accounting/index.ts";
import type { Privacy } from "../defenses/index.ts";

/** The δ of (ε, δ)-differential privacy of one update, unless the user states it. */
export const defaultDpDelta = 1e-5;

/** The differential privacy that a defense gives to some updates. */
export const privacySchema = z
  .strictObject({
    mechanism: z.literal("gaussian").describe("Normal noise on a sum of vectors of bounded length."),
    level: z.literal("example").describe("What is hidden: whether one example is in the batch or not (add/remove adjacency)."),
    multiplier: z.number().positive().describe("The noise multiplier z: the noise's standard deviation, in units of the sensitivity."),
    sensitivity: z.number().positive().describe("The norm C that each example's gradient is clipped to."),
    samplingRate: z.number().min(0).max(1).describe("The probability q with which an example is in an update."),
    steps: z.int().nonnegative().describe("The number of updates T."),
    dpDelta: z.number().gt(0).lt(1).describe("The δ of (ε, δ)."),
    rdp: z
      .strictObject({ epsilon: z.number().nonnegative(), order: z.number().gt(1).describe("The order α that gives the least ε.") })
      .describe("ε by Rényi divergences, as Opacus computes it, with its orders."),
    tight: z
      .strictObject({
        accountant: z
          .enum(["gaussian", "pld"])
          .describe("gaussian: exact, because every example is in every update. pld: an upper bound by the law of the privacy loss."),
        epsilon: z.number().nonnegative(),
      })
      .nullable()
      .describe("A tighter ε; null where rounding leaves less than it needs."),
    assumptions: z.array(z.string()).describe("What the numbers take for granted, in sentences."),
  })
  .describe("The (ε, δ)-differential privacy of what is sent. Both values of ε are upper bounds.");
export type PrivacyStated = z.output<typeof privacySchema>;

/** What a defense's privacy comes to over some updates. */
export function privacyStated(
  { mechanism, level, multiplier, sensitivity }: Privacy,
  { rate, steps }: Pick<SampledGaussian, "rate" | "steps">,
  dpDelta: number,
  assumptions: readonly string[],
): PrivacyStated {
  const { rdp, tight } = privacySpent({ multiplier, rate, steps }, dpDelta);
  return { mechanism, level, multiplier, sensitivity, samplingRate: rate, steps, dpDelta, rdp, tight, assumptions: [...assumptions] };
}

/** What the ε of one update takes for granted. */
const oneUpdate = "This is the ε of one update that the example is in for sure: no sampling hides whether it is.";

/** A warning about a δ that allows to give away one of n examples; none for smaller ones. */
export const dpDeltaNotes = (dpDelta: number, examples: number): readonly string[] =>
  dpDelta > 1 / examples
    ? [
        `Warning: dpDelta is ${dpDelta}, more than 1/n for n = ${examples} examples: a mechanism that publishes one of them at random would satisfy it. Take less than 1/n.`,
      ]
    : [];

/** The privacy of one update. */
export const privacyOfOne = (privacy: Privacy, dpDelta: number): PrivacyStated =>
  privacyStated(privacy, { rate: 1, steps: 1 }, dpDelta, [oneUpdate]);
