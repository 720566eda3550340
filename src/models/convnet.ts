import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { part } from "../parts/index.ts";
import { activations, averagePool, batchNorm, convolution, flatten, linear, maxPool, Stack } from "./layers.ts";
import { type Model, sequential, type Task } from "./model.ts";

/** The channels of the eight convolutions, in multiples of the width. */
const widths = [1, 2, 2, 4, 4, 4, 4, 4] as const;
/** A pool of 3 follows the convolutions with these numbers. */
const pooled = new Set([5, 7]);
/** From this many channels on, images are faster channels-last. */
const wideChannels = 64;

/**
 * The network of the ATS experiments, with eight convolutions (Gao et al. 2021; Geiping et al.
 * 2020). Names: conv0 … conv7, bn0 … bn7, linear.
 */
export const convnet = part({
  kind: "convnet",
  doc: "Eight 3×3 convolutions with batch normalization, two pools and one dense layer.",
  params: {
    width: z
      .int()
      .positive()
      .max(512)
      .default(64)
      .describe("The number of channels of the first convolution. Later ones have two and four times as many."),
    norm: z.enum(["batch", "none"]).default("batch").describe("The normalization after each convolution."),
    pool: z.enum(["max", "average"]).default("max").describe("How a pool reduces its window."),
  },
  build: ({ width, norm, pool }, task: Task): Model => {
    if (task.shape[1]! < 9 || task.shape[2]! < 9)
      throw new LeakageError("spec", `convnet pools twice by 3 and needs images of at least 9×9, got ${task.shape[1]}×${task.shape[2]}`);
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
