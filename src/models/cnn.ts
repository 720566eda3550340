import { part } from "../parts/index.ts";
import { activations, averagePool, convolution, flatten, flaxInitialization as flax, linear, Stack } from "./layers.ts";
import { type Model, sequential, type Task } from "./model.ts";

/**
 * The network that the authors of the Bayesian framework attack on MNIST and CIFAR-10. Names:
 * conv1, conv2, lin1, lin2.
 */
export const cnn = part({
  kind: "cnn",
  doc: "Two 3×3 convolutions with average pools and two dense layers.",
  params: {},
  build: (_, task: Task): Model => {
    const { layers } = new Stack(task.shape)
      .add((shape) => convolution("conv1", shape, 32, { kernel: 3, padding: 1, initialization: flax }))
      .add(activations.relu)
      .add((shape) => averagePool(shape, 2))
      .add((shape) => convolution("conv2", shape, 64, { kernel: 3, padding: 1, initialization: flax }))
      .add(activations.relu)
      .add((shape) => averagePool(shape, 2))
      .add(flatten)
      .add((shape) => linear("lin1", shape, 100, flax))
      .add(activations.relu)
      .add((shape) => linear("lin2", shape, task.classes, flax));
    return sequential(task, "nchw", layers);
  },
});
