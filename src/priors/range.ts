import { z } from "zod";
import { part } from "../parts/index.ts";
import type { Prior } from "./prior.ts";
import { inSpace, reductionParameter } from "./space.ts";

/**
 * log p(x) = −weight · Σ (p − clip(p, 0, 1))² over pixels p in pixel space. A pixel outside [0, 1]
 * costs the square of its distance from that range. This is the "clip" prior of the code of
 * Balunović et al. (2022), which sums over an image.
 */
export const range = part({
  kind: "range",
  doc: "Penalizes pixels outside [0, 1] by the square of their distance from it.",
  params: {
    weight: z.number().nonnegative().default(1).describe("The factor of the squares. Larger values keep pixels closer to [0, 1]."),
    reduction: reductionParameter("sum", "all pixels of the batch"),
  },
  build: ({ weight, reduction }): Prior => ({
    density: ({ model }) => ({
      logProb: ({ x }) => {
        const pixels = inSpace(x, "pixel", model);
        return pixels.sub(pixels.clip(0, 1)).square()[reduction]().mul(-weight);
      },
    }),
  }),
});
