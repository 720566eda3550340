import { constant } from "../graph/index.ts";
import { perChannel } from "../models/index.ts";
import { part } from "../parts/index.ts";
import type { Prior } from "./prior.ts";
import { requirePictures } from "./space.ts";

/**
 * Every picture is as likely as any other: log p(x) = 0. Its support is the box of pixels in [0, 1]
 * wherever the search projects onto it, and its draws are uniform there; examples that are no
 * pictures have no box, hence no draws.
 */
export const uniform = part({
  kind: "uniform",
  doc: "Every picture is as likely as any other.",
  params: {},
  build: (): Prior => ({
    density: () => ({ logProb: () => constant(0) }),
    sample: ({ model }, batchSize) => {
      requirePictures("uniform, to be drawn from,", model, 1);
      const { mean, std } = perChannel(model);
      return (key) =>
        key
          .uniform([batchSize, ...model.shape])
          .sub(mean)
          .div(std);
    },
  }),
});
