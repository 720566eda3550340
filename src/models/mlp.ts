import { z } from "zod";
import { part } from "../parts/index.ts";
import {
  type Activation,
  activations,
  flatten,
  flaxInitialization,
  type Initialization,
  linear,
  Stack,
  torchInitialization,
} from "./layers.ts";
import { type Model, sequential, type Task } from "./model.ts";

const initializations: Readonly<Record<"torch" | "lecun", Initialization>> = {
  torch: torchInitialization,
  lecun: flaxInitialization,
};

/**
 * Dense layers with an activation between them. Names are those of `torch.nn.Sequential` over
 * Linear and activation modules: 0.weight, 0.bias, 2.weight, …
 */
export const mlp = part({
  kind: "mlp",
  doc: "Dense layers of the given sizes, with an activation between them.",
  params: {
    sizes: z
      .array(z.int().positive().max(65536))
      .min(1)
      .default([1024, 1024])
      .describe("The widths of the hidden layers, from the first to the last."),
    activation: z
      .enum(Object.keys(activations) as [Activation, ...Activation[]])
      .default("relu")
      .describe("The activation between dense layers."),
    initial: z
      .enum(["torch", "lecun"])
      .default("torch")
      .describe("The initial weights: torch is PyTorch's uniform default, lecun is Flax's truncated normal with biases of 0."),
  },
  build: ({ sizes, activation, initial }, task: Task): Model => {
    const stack = new Stack(task.shape).add(flatten);
    sizes.forEach((size, i) => {
      stack.add((shape) => linear(String(2 * i), shape, size, initializations[initial])).add(activations[activation]);
    });
    return sequential(
      task,
      "nchw",
      stack.add((shape) => linear(String(2 * sizes.length), shape, task.classes, initializations[initial])).layers,
    );
  },
});
