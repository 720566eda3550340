import { z } from "zod";
import { head } from "../experiment-result.ts";

const file = z
  .string()
  .regex(/^[a-z0-9-]+\.png$/)
  .describe("A file beside result.json.");
const place = { index: z.int().nonnegative().describe("The position in the training split."), file };

/** A reconstruction of one image. */
export const figure3Image = z.strictObject({ ...place, psnr: z.number().describe("Decibels, of pixels clamped to [0, 1].") });

/**
 * The form of `result.json` of `gradleak reproduce figure-3`, from which its JSON Schema is made.
 */
export const figure3Schema = z
  .strictObject({
    ...head("figure-3"),
    trainingSteps: z.int().nonnegative(),
    originals: z.array(z.strictObject({ ...place, className: z.string() })).min(1),
    rows: z
      .array(
        z.strictObject({
          name: z.string().describe("The defense, as the paper calls it."),
          model: z.string(),
          defense: z.string(),
          attack: z.string(),
          adaptive: z.boolean().describe("Whether the attack was made for the defense."),
          psnr: z
            .strictObject({ estimate: z.number(), lower: z.number().nullable(), upper: z.number().nullable() })
            .describe("The mean in decibels, with the ends of Student's 95 % interval: null for a single image."),
          images: z.array(figure3Image).min(1),
        }),
      )
      .min(1),
  })
  .describe("Reconstructions beside originals, behind defenses, early in training.");

/** What figure 3 found, as `result.json` holds it. */
export type Figure3Result = z.output<typeof figure3Schema>;
