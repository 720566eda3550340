import { z } from "zod";
import { part } from "../parts/index.ts";
import { bottleneck, bottleneckForms, divergences } from "./bottleneck.ts";
import { uniform } from "./initializers.ts";
import { activations, flatten, type Initialization, linear, Stack } from "./layers.ts";
import { type Model, sequential, type Task } from "./model.ts";

/** Weights and biases U(−0.05, 0.05), as in the authors' code. */
const narrow: Initialization = { weight: () => uniform(0.05), bias: () => uniform(0.05) };

/** The widths before the bottleneck. */
const widths = (size: number): readonly number[] => [500, 500, 500, 500, 500, size];

/**
 * The network behind PRECODE that Balunović et al. (2022) attack: six dense layers, a variational
 * bottleneck and a decoder, with 2 931 850 parameters on CIFAR-10. Names: encoder.0 … encoder.5, mu,
 * log_var (or bottleneck in the published form), decoder.0, decoder.1.
 */
export const precodeMlp = part({
  kind: "precode-mlp",
  doc: "The dense network with a variational bottleneck of the PRECODE experiments (Balunović et al. 2022).",
  params: {
    size: z.int().positive().max(65536).default(256).describe("The number of variables of the bottleneck."),
    activation: z.enum(["relu", "tanh", "sigmoid"]).default("relu").describe("The activation between dense layers."),
    form: z
      .enum(bottleneckForms)
      .default("attacked")
      .describe("The variance and the loss: as in the attack's code, or as PRECODE's authors published it."),
    divergence: z
      .enum(divergences)
      .default("code")
      .describe("The divergence in the loss of training: right, or with the log-variance for the mean, as in the attack's code."),
  },
  build: ({ size, activation, form, divergence }, task: Task): Model => {
    const stack = new Stack(task.shape).add(flatten);
    widths(size).forEach((width, i) => {
      stack.add((shape) => linear(`encoder.${i}`, shape, width, narrow)).add(activations[activation]);
    });
    const names = { mean: "mu", variance: "log_var", both: "bottleneck" };
    stack
      .add((shape) => bottleneck(shape, { size, form, divergence, names, initialization: narrow }))
      .add((shape) => linear("decoder.0", shape, 500, narrow))
      .add(activations[activation])
      .add((shape) => linear("decoder.1", shape, task.classes, narrow));
    return sequential(task, "nchw", stack.layers);
  },
});
