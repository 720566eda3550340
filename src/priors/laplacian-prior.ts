import { z } from "zod";
import { laplace } from "../distributions/index.ts";
import { part } from "../parts/index.ts";
import { alike } from "./alike.ts";
import type { Prior } from "./prior.ts";
import { spaceParameter } from "./space.ts";

/**
 * log p(x) = Σ log Laplace(xᵢ; mean, b), a sum over all entries of the batch. The density is
 * normalized in model space, whichever space the parameters are in. With `scaleAs=std`, b =
 * scale/√2: `laplacian:scale=1,scaleAs=std` has the variance of `gaussian:sigma=1`.
 */
export const laplacian = part({
  kind: "laplacian",
  doc: "Every entry has a Laplace law.",
  params: {
    mean: z.number().default(0).describe("The mean of every entry."),
    scale: z.number().positive().default(1).describe("The width of the law. Smaller values pull entries closer to the mean."),
    scaleAs: z
      .enum(["b", "std"])
      .default("b")
      .describe("What `scale` is: the parameter b of the Laplace law, or its standard deviation √2·b."),
    space: spaceParameter("model"),
  },
  build: ({ mean, scale, scaleAs, space }): Prior => alike(laplace, mean, scaleAs === "b" ? scale : scale * Math.SQRT1_2, space),
});
