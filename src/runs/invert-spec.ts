import { z } from "zod";
import { attackOrAuto, type Completed, shared, updateSha256 } from "./spec.ts";
import { updateKinds } from "./update-kinds.ts";

/** The schema of a spec of `gradleak invert`: an attack on an update from a file. */
export const invertSpec = z.strictObject({
  command: z.literal("invert"),
  ...shared,
  update: z.strictObject({
    sha256: updateSha256,
    /**
     * What the file has: a gradient, weights after training minus those before it, or the weights
     * after training. If nobody says it, it is a gradient, and a file that shows signs of
     * something else is refused.
     */
    is: z.enum(updateKinds).optional(),
    /**
     * The factor of the gradient of the mean loss: of a gradient, the factor of the loss; of a
     * difference or new weights, the learning rate.
     */
    scale: z.number().positive().optional(),
  }),
  input: z.strictObject({
    /** [c, h, w] of images, [d] of vectors. */
    shape: z.array(z.int().positive()).min(1).max(4),
    classes: z.int().min(2).max(65_536),
    mean: z.array(z.number()).min(1),
    std: z.array(z.number().positive()).min(1),
  }),
  attack: attackOrAuto,
  /** The labels of the batch, if they are known. */
  knownLabels: z.array(z.int().nonnegative()).optional(),
});
export type InvertSpec = Completed<z.output<typeof invertSpec>>;
