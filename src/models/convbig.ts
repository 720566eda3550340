import { part } from "../parts/index.ts";
import { activations, averagePool, convolution, flatten, linear, Stack } from "./layers.ts";
import { type Model, sequential, type Task } from "./model.ts";

/**
 * The network of the Soteria experiments: two convolutions and three wide dense layers, with 12 384
 * 018 parameters on CIFAR-10 (Sun et al. 2021). Names: conv1, conv2, lin1, lin2, lin3.
 */
export const convbig = part({
  kind: "convbig",
  doc: "Two convolutions and three wide dense layers (12.4 million weights for color images of 32×32).",
  params: {},
  build: (_, task: Task): Model => {
    const { layers } = new Stack(task.shape)
      .add((shape) => convolution("conv1", shape, 32, { kernel: 3, padding: 1 }))
      .add(activations.relu)
      .add((shape) => averagePool(shape, 2))
      // A 1×1 kernel with padding 1, as in the original: 16×16 becomes 18×18.
      .add((shape) => convolution("conv2", shape, 64, { kernel: 1, padding: 1 }))
      .add(activations.relu)
      .add((shape) => averagePool(shape, 2))
      .add(flatten)
      .add((shape) => linear("lin1", shape, 2000))
      .add(activations.relu)
      .add((shape) => linear("lin2", shape, 1000))
      .add(activations.relu)
      .add((shape) => linear("lin3", shape, task.classes));
    return sequential(task, "nchw", layers);
  },
});
