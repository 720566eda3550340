import { z } from "zod";
import { shrunkRadius } from "../../audit/index.ts";
import { head } from "../experiment-result.ts";

const file = z
  .string()
  .regex(/^[a-z0-9-]+\.png$/)
  .describe("A file beside result.json.");

/**
 * The form of `result.json` of `gradleak reproduce figure-1`, from which its JSON Schema is made.
 */
export const figure1Schema = z
  .strictObject({
    ...head("figure-1"),
    image: z.strictObject({
      index: z.int().nonnegative().describe("Its place in the test split of shapes."),
      label: z.int().nonnegative(),
      className: z.string(),
    }),
    assumes: z
      .strictObject({
        law: z.string(),
        prior: z.string(),
        radius: z.number().nonnegative().describe("Radius of the ball that the attack averages over; 0 for a point."),
        shrunkRadius,
        samples: z.int().positive().describe("Points that it draws in that ball at each step."),
      })
      .describe("What the adversary takes for granted."),
    delta: z.number().positive().describe("δ: the adversary's loss is 1 outside B(x, δ), in pixel space."),
    recovered: z.boolean().describe("Whether the last point of the path is in B(x, δ)."),
    shown: z.number().describe("The part of the path's squared distances from the original that the plane shows."),
    path: z
      .array(
        z.strictObject({
          step: z.int().positive(),
          objective: z.number().nullable().describe("−log p(g | x) − log p(x), up to constants; null where it was not a number."),
          distance: z.number().describe("Euclidean distance from the original, in pixel space."),
          psnr: z.number().describe("Decibels, of pixels clamped to [0, 1]."),
          at: z
            .tuple([z.number(), z.number()])
            .describe("On the plane through the original, which is [0, 0], in the same unit as distances."),
        }),
      )
      .min(1),
    files: z.strictObject({ original: file, snapshots: z.array(z.strictObject({ step: z.int().positive(), file })).min(1) }),
  })
  .describe("The path of an adversary on one image.");

/** What figure 1 found, as `result.json` holds it. */
export type Figure1Result = z.output<typeof figure1Schema>;
