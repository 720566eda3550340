import { z } from "zod";
import { part } from "../parts/index.ts";
import { uniform } from "./initializers.ts";
import { activations, convolution, flatten, type Initialization, linear, Stack, torchInitialization } from "./layers.ts";
import { type Model, sequential, type Task } from "./model.ts";

/** From so many images on, rows of all images are faster than rows of all channels, which are few. */
const manyImages = 16;

/** The strides of the 5×5 convolutions with 12 channels. */
const strides = { zhu: [2, 2, 1], soteria: [2, 2, 1, 1] } as const;

/**
 * Weights and biases U(−0.5, 0.5), as in the code of Zhu et al. (2019), "Deep Leakage from
 * Gradients".
 */
const wide: Initialization = { weight: () => uniform(0.5), bias: () => uniform(0.5) };

/**
 * The sigmoid LeNet of the gradient-leakage literature. Names are those of the usual PyTorch code:
 * body.0, body.2, … and fc.0.
 */
export const lenet = part({
  kind: "lenet",
  doc: "The sigmoid LeNet: 5×5 convolutions with 12 channels, and one dense layer.",
  params: {
    variant: z
      .enum(["zhu", "soteria"])
      .default("zhu")
      .describe("zhu has 3 convolutions, U(−0.5, 0.5) weights and raw pixels. soteria has 4 convolutions and PyTorch's weights."),
  },
  build: ({ variant }, task: Task): Model => {
    const initialization = variant === "zhu" ? wide : torchInitialization;
    const stack = new Stack(task.shape);
    strides[variant].forEach((stride, i) => {
      stack
        .add((shape) => convolution(`body.${2 * i}`, shape, 12, { kernel: 5, stride, padding: 2, initialization }))
        .add(activations.sigmoid);
    });
    stack.add(flatten).add((shape) => linear("fc.0", shape, task.classes, initialization));
    const identity = { mean: task.normalization.mean.map(() => 0), std: task.normalization.std.map(() => 1) };
    return sequential(
      variant === "zhu" ? { ...task, normalization: identity } : task,
      (images) => (images >= manyImages ? "hwcn" : "nchw"),
      stack.layers,
    );
  },
});
