import { z } from "zod";
import { laplace } from "../distributions/index.ts";
import { part } from "../parts/index.ts";
import { alike } from "./alike.ts";
import type { Prior } from "./prior.ts";
import { spaceParameter } from "./space.ts";

/**
 * log p(x) = Σ log Laplace(xᵢ; mean, b): a sum over all entries of the batch, normalized in model
 * space whichever space the parameters are stated in. With `scaleAs=std` the variance is matched, b
 * = scale/√2: `laplacian:scale=1,scaleAs=std` has the variance of `gaussian:sigma=1`.
 */
export const laplacian = part({
  kind: "laplacian",
  doc: "Every entry has a Laplace law.",
  params: {
    mean: z.number().default(0).describe("Mean of every entry."),
    scale: z.number().positive().default(1).describe("How wide the law is."),
    scaleAs: z.enum(["b", "std"]).default("b").describe("Whether scale is Laplace's b or the standard deviation, √2·b."),
    space: spaceParameter("model"),
  },
  build: ({ mean, scale, scaleAs, space }): Prior => alike(laplace, mean, scaleAs === "b" ? scale : scale * Math.SQRT1_2, space),
});
