import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { part } from "../parts/index.ts";
import { activations, averagePool, batchNorm, convolution, flatten, linear, maxPool, Stack } from "./layers.ts";
import { type Model, sequential, type Task } from "./model.ts";

/** Channels of the eight convolutions, in widths. */
const widths = [1, 2, 2, 4, 4, 4, 4, 4] as const;
/** A pool of 3 follows the convolutions with these numbers. */
const pooled = new Set([5, 7]);
/** From this many channels on, pictures are faster channels-last. */
const wideChannels = 64;

/**
 * The eight-convolution network of the ATS experiments (Gao et al. 2021; Geiping et al. 2020).
 * Names: conv0 … conv7, bn0 … bn7, linear.
 */
export const convnet = part({
  kind: "convnet",
  doc: "Eight 3×3 convolutions with batch normalization, two pools, one dense layer.",
  params: {
    width: z
      .int()
      .positive()
      .max(512)
      .default(64)
      .describe("Channels of the first convolution; later ones have twice and four times as many."),
    norm: z.enum(["batch", "none"]).default("batch").describe("Normalization after each convolution."),
    pool: z.enum(["max", "average"]).default("max").describe("Kind of pooling."),
  },
  build: ({ width, norm, pool }, task: Task): Model => {
    if (task.shape[1]! < 9 || task.shape[2]! < 9)
      throw new LeakageError("spec", `convnet pools twice by 3 and needs pictures of at least 9×9, got ${task.shape[1]}×${task.shape[2]}`);
    const stack = new Stack(task.shape);
    widths.forEach((factor, i) => {
      stack.add((shape) => convolution(`conv${i}`, shape, width * factor, { kernel: 3, padding: 1 }));
      if (norm === "batch") stack.add((shape) => batchNorm(`bn${i}`, shape));
      stack.add(activations.relu);
      if (pooled.has(i)) stack.add((shape) => (pool === "max" ? maxPool : averagePool)(shape, 3));
    });
    stack.add(flatten).add((shape) => linear("linear", shape, task.classes));
    return sequential(task, width * 4 >= wideChannels ? "nhwc" : "nchw", stack.layers);
  },
});
