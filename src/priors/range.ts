import { z } from "zod";
import { part } from "../parts/index.ts";
import type { Prior } from "./prior.ts";
import { inSpace, reductionParameter } from "./space.ts";

/**
 * log p(x) = −weight · Σ (p − clip(p, 0, 1))² over pixels p in pixel space: what lies outside [0,
 * 1] costs the square of how far. The "clip" prior of the code of Balunović et al. (2022), there
 * summed over an image.
 */
export const range = part({
  kind: "range",
  doc: "Pixels outside [0, 1] cost the square of how far they are out.",
  params: {
    weight: z.number().nonnegative().default(1).describe("Factor of the squares."),
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
