import { z } from "zod";
import { assumptionsSchema, fileName, invalid, specFields } from "../audit/index.ts";

const metric = (doc: string) => z.number().nullable().describe(`${doc} Null where the original is not known.`);

/** How near a picture is to its original; all null where the original is not known. */
const metrics = {
  psnr: metric("Decibels, MSE over C·H·W of images clamped to [0, 1], at most 400."),
  psnrUnclamped: metric("Decibels, of the images as they are, at most 400."),
  ssim: metric("Gaussian window of σ 1.5 and radius 5, in [-1, 1]; null for images with a side under 11 pixels too."),
  mse: metric("Mean squared error of images clamped to [0, 1]."),
  distance: metric("Euclidean, not clamped, in the space of assumptions.deltaSpace."),
};

const summary = z.strictObject({ mean: z.number(), median: z.number(), worst: z.number() }).nullable();
const summaries = z.strictObject({ psnr: summary, psnrUnclamped: summary, ssim: summary, mse: summary, distance: summary });

const nearestPublic = z
  .strictObject({
    index: z.int().nonnegative().describe("Its place in the other split."),
    count: z.int().positive().describe("Public images that were looked at: the first ones of the other split."),
    ...metrics,
  })
  .nullable()
  .describe(
    "The public image nearest to the original by `distance`. No guess, because choosing it takes the original: an upper bound of what returning a public image gives. Null where none are public.",
  );

const image = z.strictObject({
  index: z.int().nonnegative().describe("Its place in the data set, or in the update where there is no data set."),
  update: z.int().nonnegative().describe("Which of the attacked updates it was in, from 0."),
  label: z.int().nonnegative().nullable().describe("Its true class, where it is known."),
  assumedLabel: z.int().nonnegative().nullable().describe("The class that the attack was given or settled on."),
  className: z.string().nullable().describe("The name of its true class."),
  ...metrics,
  objective: z
    .number()
    .nullable()
    .describe(
      "The attacker's own, at the reconstruction: −log p(update | images) − log p(images) without constants; null if it never was a number.",
    ),
  steps: z.int().nonnegative(),
  evaluations: z.int().nonnegative().describe("Of the objective and its gradient."),
  seconds: z.number().nonnegative().describe("Wall time of the attack that it was part of, divided by the images attacked together."),
  stopped: z.string().nullable().describe("Why the attack ended early, such as nan; null if it did not."),
  baseline: z.record(z.string(), z.strictObject(metrics)).describe("Guesses of one who saw no update, such as meanImage."),
  nearestPublic,
  trajectory: z.array(z.strictObject({ step: z.int().nonnegative(), objective: z.number().nullable(), psnr: z.number().nullable() })),
  files: z.strictObject({
    original: fileName.optional(),
    reconstruction: fileName,
    snapshots: z.array(z.strictObject({ step: z.int().nonnegative(), file: fileName })).describe("Reconstructions on the way, in order."),
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
        nearestPublic: summaries.nullable().describe("Null where no images are public."),
      })
      .describe("Over the images whose original is known."),
    notes: z.array(z.string()).describe("What a reader must know besides, in sentences."),
  })
  .describe("The result of attacking updates of a client: what was assumed, what came back, how near it is.");

/** What an attack gave, as `result.json` holds it. */
export type Result = z.output<typeof resultSchema>;
/** One image of a {@link Result}. */
export type ImageResult = Result["images"][number];
/** Metrics of one image, null where its original is not known. */
export type ImageMetrics = Pick<ImageResult, keyof typeof metrics>;

/**
 * The images of a finished chunk from the JSON that it was stored as; nothing where the text is
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
 * Checks what was read from a `result.json`.
 *
 * @param source its name in errors.
 * @throws LeakageError `file` that names the entry, what was expected and what came.
 */
export function validateResult(value: unknown, source: string): Result {
  const checked = resultSchema.safeParse(value, { reportInput: true });
  if (checked.success) return checked.data;
  throw invalid(checked.error, source);
}
