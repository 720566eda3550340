import { z } from "zod";
import { assumptionsSchema, fileName, invalid, mixingSchema, specFields } from "../audit/index.ts";

const metric = (doc: string) => z.number().nullable().describe(`${doc} null if the original is not known.`);

/** The metrics of an image and its original; all null if the original is not known. */
const metrics = {
  psnr: metric("The PSNR in decibels, from the MSE over C·H·W of images clamped to [0, 1], at most 400."),
  psnrUnclamped: metric("The PSNR in decibels of the images without clamping, at most 400."),
  ssim: metric(
    "The SSIM from −1 to 1, with a Gaussian window of σ 1.5 and radius 5. It is also null for images with a side under 11 pixels.",
  ),
  mse: metric("The mean squared error of images clamped to [0, 1]."),
  distance: metric("The Euclidean distance of the images without clamping, in the space of assumptions.deltaSpace."),
};

const summary = z.strictObject({ mean: z.number(), median: z.number(), worst: z.number() }).nullable();
const summaries = z.strictObject({ psnr: summary, psnrUnclamped: summary, ssim: summary, mse: summary, distance: summary });

const nearestPublic = z
  .strictObject({
    index: z.int().nonnegative().describe("The position in the other split."),
    count: z.int().positive().describe("The number of public images that were searched: the first ones of the other split."),
    ...metrics,
  })
  .nullable()
  .describe(
    "The public image nearest to the original by `distance`. It is not a guess, because its choice needs the original: it bounds what returning a public image can reach. null if no images are public.",
  );

const image = z.strictObject({
  index: z.int().nonnegative().describe("The position in the data set, or in the update if there is no data set."),
  update: z.int().nonnegative().describe("The number of the attacked update that has the image, from 0."),
  label: z.int().nonnegative().nullable().describe("The true class; null if it is not known."),
  assumedLabel: z.int().nonnegative().nullable().describe("The class that the attack received or found."),
  className: z.string().nullable().describe("The name of the true class."),
  ...metrics,
  objective: z
    .number()
    .nullable()
    .describe(
      "The attacker's own objective at the reconstruction: −log p(update | images) − log p(images) without constants; null if it never was a number.",
    ),
  steps: z.int().nonnegative(),
  evaluations: z.int().nonnegative().describe("The number of evaluations of the objective and its gradient."),
  seconds: z.number().nonnegative().describe("The wall time of the attack, divided by the number of images that it attacked together."),
  stopped: z.string().nullable().describe("Why the attack ended early, such as nan; null if it did not."),
  success: z.number().optional().describe("The attack's own probability that the original is within δ; absent if it states none."),
  mixing: mixingSchema.optional(),
  baseline: z.record(z.string(), z.strictObject(metrics)).describe("Guesses of somebody who saw no update, such as meanImage."),
  nearestPublic,
  trajectory: z.array(z.strictObject({ step: z.int().nonnegative(), objective: z.number().nullable(), psnr: z.number().nullable() })),
  files: z.strictObject({
    original: fileName.optional(),
    reconstruction: fileName,
    snapshots: z.array(z.strictObject({ step: z.int().nonnegative(), file: fileName })).describe("Earlier reconstructions, in order."),
  }),
});

/**
 * The form of `result.json` of `gradleak attack` and `gradleak invert`, from which its JSON Schema
 * is made.
 */
export const resultSchema = z
  .strictObject({
    format: z.literal("gradleak-result-2"),
    command: z.enum(["attack", "invert"]),
    ...specFields,
    assumptions: assumptionsSchema,
    images: z.array(image).min(1),
    summary: z
      .strictObject({
        attack: summaries,
        baseline: z.record(z.string(), summaries),
        nearestPublic: summaries.nullable().describe("null if no images are public."),
      })
      .describe("Summaries over the images whose original is known."),
    notes: z.array(z.string()).describe("What else a reader must know, in sentences."),
  })
  .describe("The result of an attack on updates of a client: the assumptions, the reconstructions and their distances from the originals.");

/** The result of an attack, as in `result.json`. */
export type Result = z.output<typeof resultSchema>;
/** One image of a {@link Result}. */
export type ImageResult = Result["images"][number];
/** The metrics of one image; null if its original is not known. */
export type ImageMetrics = Pick<ImageResult, keyof typeof metrics>;

/**
 * The images of a finished chunk from the JSON that it was stored as; undefined if the text is
 * damaged.
 */
export function readImages(text: string): ImageResult[] | undefined {
  try {
    return z.array(image).min(1).safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Checks the contents of a `result.json`.
 *
 * @param source the name of the file, for errors.
 * @throws LeakageError `file` that names the entry, what was expected and what came.
 */
export function validateResult(value: unknown, source: string): Result {
  const checked = resultSchema.safeParse(value, { reportInput: true });
  if (checked.success) return checked.data;
  throw invalid(checked.error, source);
}
