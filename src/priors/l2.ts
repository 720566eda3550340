import { z } from "zod";
import { root } from "../graph/index.ts";
import { part } from "../parts/index.ts";
import type { Prior } from "./prior.ts";
import { inSpace, reductionParameter, spaceParameter } from "./space.ts";

/**
 * −log p(x) = weight · ½ · mean (or sum) of xᵢ² over all entries of the batch. With `norm=l2` it is
 * weight · mean (or sum) over images of ‖x‖₂, not squared. `norm=squared` with `reduction=mean` is
 * what the replication of GradInversion in `breaching` uses. `norm=l2` is the R_ℓ2 of GradInversion
 * (Yin et al. 2021) and of DeepInversion's code.
 */
export const l2 = part({
  kind: "l2",
  doc: "Prefers images of small Euclidean norm.",
  params: {
    weight: z.number().nonnegative().default(1e-6).describe("The factor of the norm. Larger values give smaller entries."),
    norm: z
      .enum(["squared", "l2"])
      .default("squared")
      .describe("What is measured: half the squares of entries, or the norm of each image."),
    reduction: reductionParameter("mean", "entries with norm=squared, over images with norm=l2"),
    space: spaceParameter("model"),
  },
  build: ({ weight, norm, reduction, space }): Prior => ({
    density: ({ model }) => ({
      logProb: ({ x }) => {
        const squares = inSpace(x, space, model).square();
        const size = norm === "squared" ? squares.mul(0.5) : root(squares.reshape([x.shape[0]!, -1]).sum(1));
        return size[reduction]().mul(-weight);
      },
    }),
  }),
});
