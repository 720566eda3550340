import { z } from "zod";
import { aims, labelRules, type Stop, stops } from "../adversary/index.ts";
import { assumptionsSchema, fileName, invalid, mixingSchema, privacySchema, specFields } from "../audit/index.ts";
import { limits } from "../scenario/index.ts";

const metric = (doc: string) => z.number().nullable().describe(`${doc} null if the original is not known.`);

/** The metrics of an image and its original; all null if the original is not known. */
const metrics = {
  psnr: metric("The PSNR in decibels, from the MSE over C·H·W of images clamped to [0, 1], at most 400."),
  psnrUnclamped: metric("The PSNR in decibels of the images without clamping, at most 400."),
  ssim: metric(
    "The SSIM from −1 to 1, with a Gaussian window of σ 1.5 and radius 5. It is also null for images with a side under 11 pixels.",
  ),
  mse: metric("The mean squared error of images clamped to [0, 1]."),
  distance: metric(
    "The Euclidean distance of the original and the reconstruction clamped to [0, 1], in the space of assumptions.deltaSpace.",
  ),
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

const aim = z.enum(aims).describe("What the attack is after: the transformed image, which the network saw, or the original.");

/** The metrics of an image whose original the defense changed. */
const targets = z
  .strictObject({
    aim,
    original: z.strictObject(metrics).describe("The reconstruction against the original."),
    transformed: z
      .strictObject(metrics)
      .describe("What the attack takes the network to have seen against what it saw: the reconstruction itself, where that is its aim."),
  })
  .describe(
    "Present if the defense changed the image before the network saw it. The metrics beside this entry, the guesses and the trajectory are against what the attack is after, and these are against either.",
  );

/** What became of the adaptive attack. */
const adaptive = z
  .strictObject({
    attack: z.string().min(1).describe("The name of the adaptive attack. Its images are those of `images` with this name."),
    law: z.string().describe("The law p(update | images) that it assumes."),
    prior: z.string().describe("The prior p(images) that it assumes."),
    summary: summaries.describe("Summaries over its images."),
    targets: z.strictObject({ aim, original: summaries, transformed: summaries }).optional(),
    gain: z
      .strictObject({ estimate: z.number(), lower: z.number().nullable(), upper: z.number().nullable(), images: z.int().positive() })
      .nullable()
      .describe(
        "The mean of its PSNR minus that of the other attack, image by image, in decibels, with the ends of Student's 95 % interval: null for a single image. Where the defense changes images, both are against the originals.",
      ),
  })
  .describe("The attack that knows the defense, on the same updates; absent if none ran beside the other one.");

const image = z.strictObject({
  index: z.int().nonnegative().describe("The position in the data set, or in the update if there is no data set."),
  update: z.int().nonnegative().describe("The number of the attacked update that has the image, from 0."),
  attack: z.string().min(1).describe("The name of the attack that made this reconstruction."),
  label: z.int().nonnegative().nullable().describe("The true class; null if it is not known."),
  assumedLabel: z.int().nonnegative().nullable().describe("The class that the attack received or found."),
  labelReading: z
    .strictObject({
      rule: z.enum(labelRules).describe("The rule that the labels of the update were read by."),
      faint: z
        .boolean()
        .describe(
          "Whether the gradients that they were read from are small relative to the update, to those of other inputs, or to the noise.",
        ),
    })
    .nullable()
    .describe("How the assumed class was read off the update; null if it was given or searched."),
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
  stopped: z
    .enum(Object.keys(stops) as [Stop, ...Stop[]])
    .nullable()
    .describe("Why the search ended early or has no answer; null if it made all its steps. All but converged are failures."),
  explained: z
    .number()
    .nullable()
    .describe(
      "The share of the update's squared norm that the answer explains, over all images of the update: 1 − ‖g − D(x)‖² / ‖g‖², where D is what the defense makes of a batch before noise. null if it is not a number.",
    ),
  explainable: z
    .number()
    .nullable()
    .describe(
      "The share that the truth explains or, if nobody knows the truth, what the assumed noise would leave; null if neither is known.",
    ),
  limit: z
    .enum(limits)
    .nullable()
    .describe(
      "What keeps the answer from being the truth. search: the truth is better by the attacker's own objective, so the search failed. information: it is not, so the update does not determine the image under this assumption. null if the image came back, the truth is not known, or the attack has no objective.",
    ),
  success: z.number().optional().describe("The attack's own probability that the original is within δ; absent if it states none."),
  mixing: mixingSchema.optional(),
  by: z
    .string()
    .optional()
    .describe("The member of a battery, or the try of an attack with several, whose answer was taken; absent for other attacks."),
  remark: z.string().optional().describe("What the attack chose or could not do for this update, and why, in sentences."),
  facts: z
    .record(z.string(), z.number())
    .optional()
    .describe("What the defense did to the update: numbers by what they count. The attacker does not see them."),
  targets: targets.optional(),
  baseline: z.record(z.string(), z.strictObject(metrics)).describe("Guesses of somebody who saw no update, such as meanImage."),
  nearestPublic,
  trajectory: z.array(z.strictObject({ step: z.int().nonnegative(), objective: z.number().nullable(), psnr: z.number().nullable() })),
  files: z.strictObject({
    original: fileName.optional(),
    transformed: fileName.optional().describe("The image that the network saw, if the defense changed it."),
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
    format: z.literal("gradleak-result-3"),
    command: z.enum(["attack", "invert"]),
    ...specFields,
    assumptions: assumptionsSchema,
    images: z.array(image).min(1),
    summary: z
      .strictObject({
        labelAccuracy: z
          .number()
          .min(0)
          .max(1)
          .nullable()
          .describe(
            "The share of labels that the attack read or found right, as batches without order; null if labels were given, or are not known.",
          ),
        attack: summaries,
        targets: z
          .strictObject({ aim, original: summaries, transformed: summaries })
          .optional()
          .describe("Summaries against the originals and against what the network saw, if the defense changes images."),
        baseline: z.record(z.string(), summaries),
        nearestPublic: summaries.nullable().describe("null if no images are public."),
      })
      .describe("Summaries over the images whose original is known, of the attack that was asked for."),
    adaptive: adaptive.optional(),
    privacy: privacySchema.optional().describe("The differential privacy of one update; absent if the defense gives none."),
    notes: z.array(z.string()).describe("What else a reader must know, in sentences."),
  })
  .describe("The result of an attack on updates of a client: the assumptions, the reconstructions and their distances from the originals.");

/** The result of an attack, as in `result.json`. */
export type Result = z.output<typeof resultSchema>;
/** One image of a {@link Result}. */
export type ImageResult = Result["images"][number];
/** The metrics of one image; null if its original is not known. */
export type ImageMetrics = Pick<ImageResult, keyof typeof metrics>;

/** A result with the images of the attack that was asked for, and without the adaptive attack beside it. */
export function askedFor({ adaptive, ...result }: Result): Result {
  return adaptive ? { ...result, images: result.images.filter(({ attack }) => attack !== adaptive.attack) } : result;
}

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
