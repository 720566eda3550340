import { z } from "zod";
import { constant, type Tensor } from "../graph/index.ts";
import { part } from "../spec/index.ts";
import type { Prior } from "./prior.ts";

/** Differences of neighbors along the last (horizontal) or the second last (vertical) axis. */
function differences(x: Tensor, axis: -1 | -2): Tensor {
  const extent = x.shape.at(axis)!;
  return x.range(axis, 1, extent).sub(x.range(axis, 0, extent - 1));
}

/**
 * log p(x) = −weight · TV(x), with TV the mean over all horizontal plus the mean over all vertical differences of neighbors: of their absolute values (l1, Geiping et
 * al. 2020) or of their squares (the Soteria attack of Balunović et al. 2022). Averages over batch, channels and positions.
 */
export const totalVariation = part({
  kind: "tv",
  doc: "Total variation: neighboring pixels are alike.",
  params: {
    weight: z.number().nonnegative().default(1e-4).describe("Factor of the total variation."),
    norm: z.enum(["l1", "squared"]).default("l1").describe("Absolute or squared differences."),
    space: z.enum(["model", "pixel"]).default("model").describe("Differences of normalized pixels, or of pixels in [0, 1]."),
  },
  build: ({ weight, norm, space }): Prior => ({
    density: ({ model }) => ({
      logProb: ({ x }) => {
        const scaled = space === "model" ? x : x.mul(constant(model.normalization.std, [model.normalization.std.length, 1, 1]));
        const means = ([-1, -2] as const).map((axis) => {
          const d = differences(scaled, axis);
          return (norm === "l1" ? d.abs() : d.square()).mean();
        });
        return means[0]!.add(means[1]!).mul(-weight);
      },
    }),
  }),
});
