import { z } from "zod";
import { LeakageError } from "../../errors.ts";
import { part } from "../../parts/index.ts";
import { foldIn } from "../../random/index.ts";
import type { Defense } from "../defense.ts";
import type { Step } from "../step.ts";
import { bytesOf, pixelsOf } from "./bytes.ts";
import { type Ats, applied, drawCase, policiesOf } from "./policy.ts";

const fitting = (shape: readonly number[]): boolean => shape.length === 3 && (shape[0] === 1 || shape[0] === 3);

function augmentation(ats: Ats, name: string): Step {
  return {
    name,
    ats,
    onImages: (images, { shape, key }) =>
      images.map((image, i) => pixelsOf(applied(bytesOf(image, shape), ats, drawCase(ats, foldIn(key, i))))),
    eachExample: true,
    // It is the law of the update given the images that the network saw.
    law: (before) => before,
    check: ({ model: { shape } }) => {
      if (!fitting(shape))
        throw new LeakageError(
          "spec",
          `defense ats transforms images with 8 bits an entry in gray or color, and the inputs of this network have the shape ${shape.join(" × ")}; use other data or another defense.`,
        );
    },
  };
}

/**
 * Automatic Transformation Search (Gao et al. 2021): a client computes its update on transformed
 * images. Each image is cropped after padding, mirrored or not, and goes through the transformations
 * of a policy, three of the 50 of the library by default; of several policies each image draws one.
 * All is drawn anew for each image of each update. Images are transformed as numbers with 8 bits, as
 * Pillow does; fills are black, and gray for turns. As in the code of the attack's authors, every
 * transformation of a policy acts, whatever its probability was in the search.
 *
 * The update is an ordinary one of the transformed image. So its law is that of the update given the
 * image that the network saw, and what an attack without knowledge of the policy reconstructs is
 * that image.
 */
export const ats = part({
  kind: "ats",
  doc: "Computes the update on images that are cropped, mirrored and transformed by a policy (Gao et al. 2021).",
  params: {
    policy: z
      .array(z.string())
      .min(1)
      .default(["21-13-3"])
      .describe(
        "The policies, of which each image draws one: indices of transformations from 0 to 49 such as 21-13-3, or hybrid for 21-13-3/7-4-15.",
      ),
    crop: z
      .int()
      .min(0)
      .max(64)
      .default(4)
      .describe("The pixels of black around an image before it is cropped to its size. 0 crops nothing."),
    flip: z.boolean().default(true).describe("Whether every second image is mirrored, left and right exchanged."),
  },
  build: ({ policy, crop, flip }): Defense => ({
    steps: [augmentation({ policies: policiesOf(policy), crop, flip }, `ats with ${policy.join(", ")}`)],
    adaptive: { kind: "tailored", attack: "on-ats" },
  }),
});
