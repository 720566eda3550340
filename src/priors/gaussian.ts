import { z } from "zod";
import { normal } from "../distributions/index.ts";
import { part } from "../parts/index.ts";
import { alike } from "./alike.ts";
import type { Prior } from "./prior.ts";
import { spaceParameter } from "./space.ts";

/**
 * log p(x) = Σ log N(xᵢ; mean, sigma²): a sum over all entries of the batch, normalized in model
 * space whichever space the parameters are stated in.
 */
export const gaussian = part({
  kind: "gaussian",
  doc: "Every entry is normal.",
  params: {
    mean: z.number().default(0).describe("Mean of every entry."),
    sigma: z.number().positive().default(1).describe("Standard deviation sigma of every entry."),
    space: spaceParameter("model"),
  },
  build: ({ mean, sigma, space }): Prior => alike(normal, mean, sigma, space),
});
