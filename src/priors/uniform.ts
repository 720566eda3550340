import { constant } from "../graph/index.ts";
import { perChannel } from "../models/index.ts";
import { part } from "../parts/index.ts";
import type { Prior } from "./prior.ts";
import { requireImages } from "./space.ts";

/**
 * Every image is as likely as any other: log p(x) = 0. If the search keeps pixels in [0, 1], that
 * box is the support of the prior. Draws are uniform in the box. Examples that are not images have
 * no box, and the prior has no draws of them.
 */
export const uniform = part({
  kind: "uniform",
  doc: "Every image is as likely as any other.",
  params: {},
  build: (): Prior => ({
    density: () => ({ logProb: () => constant(0) }),
    sample: ({ model }, batchSize) => {
      requireImages("uniform, to be drawn from,", model, 1);
      const { mean, std } = perChannel(model);
      return (key) =>
        key
          .uniform([batchSize, ...model.shape])
          .sub(mean)
          .div(std);
    },
  }),
});
