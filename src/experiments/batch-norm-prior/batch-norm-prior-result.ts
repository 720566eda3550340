import { z } from "zod";
import { fileName, hash } from "../../audit/index.ts";
import { head } from "../experiment-result.ts";

const mean = z
  .strictObject({
    mean: z.number(),
    low: z.number().describe("Lower end of the interval of that mean, by a bootstrap over batches."),
    high: z.number().describe("Upper end of that interval."),
  })
  .describe("Decibels, over all images.");

const matching = z
  .number()
  .nullable()
  .describe("The attacker's distance from the update, times its factor; null where it was not a number.");
const reached = z.number().nonnegative().nullable();
const file = fileName.describe("An image beside the result.");

const image = z
  .strictObject({
    index: z.int().nonnegative().describe("Place in the test split."),
    label: z.int().nonnegative(),
    psnr: z
      .strictObject({ without: z.number(), with: z.number(), meanImage: z.number() })
      .describe("Decibels, of either attack's reconstruction, and of the mean training image, which needs no update."),
    files: z
      .strictObject({ original: file, without: file, with: file })
      .optional()
      .describe("Where images are kept: of the first batches."),
  })
  .describe("One image; each attack's batch is matched with the originals by the Hungarian method.");

/** The form of what became of one update. */
export const batchSchema = z
  .strictObject({
    images: z.array(image).min(1),
    labelsFound: z.int().nonnegative().describe("True labels among those that the rule `distinct` read off the update."),
    matching: z
      .strictObject({ without: matching, with: matching, nothing: z.number().describe("That of a gradient of zeros.") })
      .describe("How far what each attack found is from explaining the update."),
    nearby: z.number().min(-1).max(1).describe("Cosine of the update with that of the true images under noise of 0.1 standard deviations."),
    statistics: z
      .strictObject({ truth: z.number().nonnegative(), without: reached, with: reached })
      .describe("How far the statistics of the batch are from the running ones, as the prior measures it, without its weight."),
  })
  .describe("One update.");

const candidates = z
  .array(
    z.strictObject({
      rate: z.number().positive(),
      tv: z.number().nonnegative(),
      batchNorm: z.number().nonnegative().describe("The prior's weight; 0 where it is not assumed."),
      psnr: z.number().nullable().describe("Mean decibels; null where a reconstruction was not a number."),
      chosen: z.boolean(),
    }),
  )
  .min(1);

const tuning = z
  .strictObject({
    specHash: hash.describe("SHA-256 of the canonical JSON of all that the tuning follows from."),
    split: z.literal("train").describe("Of the images that it was on; those that are scored are of the other one."),
    batches: z.array(z.array(z.int().nonnegative()).min(1)).min(1).describe("Places of its images in that split, a list an update."),
    candidates: z.strictObject({ without: candidates, with: candidates }).describe("Each on the same updates, from the same starts."),
  })
  .describe("Of either attack before, by equal budgets, the candidate with the largest mean PSNR.");

/**
 * The form of `result.json` of `gradleak reproduce batch-norm-prior`, from which its JSON Schema is
 * made.
 */
export const batchNormPriorSchema = z
  .strictObject({
    ...head("batch-norm-prior"),
    accuracy: z
      .strictObject({ estimate: z.number(), lower: z.number(), upper: z.number() })
      .describe("The share of the first test images that the network classifies as labeled, with its 95 % interval."),
    attacks: z.strictObject({ without: z.string(), with: z.string() }).describe("Both attacks, as flags write them."),
    tuning,
    confidence: z.number().describe("Of every interval."),
    psnr: z.strictObject({ without: mean, with: mean, meanImage: mean }),
    difference: mean.describe("PSNR with the prior minus PSNR without it, image by image, in decibels."),
    better: z
      .strictObject({ images: z.int().nonnegative(), of: z.int().positive() })
      .describe("Images that came out nearer with the prior."),
    labelAccuracy: z.number().min(0).max(1).describe("Share of the true labels that the rule `distinct` found."),
    batches: z.array(batchSchema).min(2),
  })
  .describe("GradInversion with and without its batch-norm prior, on the same updates from the same starts.");

/** What the comparison found, as `result.json` holds it. */
export type BatchNormPriorResult = z.output<typeof batchNormPriorSchema>;
