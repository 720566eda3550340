import { z } from "zod";
import { normal } from "../distributions/index.ts";
import { part } from "../parts/index.ts";
import { alike } from "./alike.ts";
import type { Prior } from "./prior.ts";
import { spaceParameter } from "./space.ts";

/**
 * log p(x) = Σ log N(xᵢ; mean, sigma²), a sum over all entries of the batch. The density is
 * normalized in model space, whichever space the parameters are in.
 */
export const gaussian = part({
  kind: "gaussian",
  doc: "Every entry is normal.",
  params: {
    mean: z.number().default(0).describe("The mean of every entry."),
    sigma: z
      .number()
      .positive()
      .default(1)
      .describe("The standard deviation σ of every entry. Smaller values pull entries closer to the mean."),
    space: spaceParameter("model"),
  },
  build: ({ mean, sigma, space }): Prior => alike(normal, mean, sigma, space),
});
