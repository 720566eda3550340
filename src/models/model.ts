import { LeakageError } from "../errors.ts";
import { constant, type Shape, showShape, sizeOf, type Tensor, type Window } from "../graph/index.ts";
import type { Initializer } from "./initializers.ts";

/** Whether batch normalization uses the statistics of the batch or the running ones. */
export type Mode = "train" | "eval";

/** A parameter or running statistic, by its name in the equivalent PyTorch state_dict. */
export interface Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly initial: Initializer;
}

/** Mean and biased variance of a layer's inputs over batch and positions, a number a channel. */
export interface InputStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Is told the statistics of what enters each batch normalization, and of how many entries a channel, by the layer's name, from first to last. */
export type Observe = (layer: string, statistics: InputStatistics & { readonly count: number }) => void;

/** What a layer computes with. */
export interface Context {
  readonly mode: Mode;
  /** Axes of pictures between the layers. */
  readonly layout: Window["layout"];
  /** The tensor of a parameter or running statistic. */
  weight(name: string): Tensor;
  readonly observe?: Observe;
}

/** A piece of a network: what it owns and what it computes. */
export interface Layer {
  readonly parameters: readonly Variable[];
  readonly statistics: readonly Variable[];
  /** The shape of one example behind this layer, channels first. */
  readonly shape: Shape;
  forward(x: Tensor, context: Context): Tensor;
}

/** Per channel: x in model space is (pixel − mean) / std. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A classifier: pictures [B, c, h, w] in model space to logits [B, classes]. */
export interface Model {
  /** Shape of one example, [c, h, w]. */
  readonly shape: Shape;
  readonly classes: number;
  readonly normalization: Normalization;
  /** Trained parameters, in the order of the state_dict. */
  readonly parameters: readonly Variable[];
  /** Running statistics of batch normalization. */
  readonly statistics: readonly Variable[];
  /** Name of the weights of the last, linear layer, whose gradient gives labels away. */
  readonly head: string;
  forward(x: Tensor, mode: Mode, weight: (name: string) => Tensor, observe?: Observe): Tensor;
}

/** Mean and standard deviation of pixels, shaped to broadcast against pictures [..., c, h, w]. */
export function perChannel({ shape, normalization }: Pick<Model, "shape" | "normalization">): {
  readonly mean: Tensor;
  readonly std: Tensor;
} {
  const spread = (numbers: readonly number[]) => constant(numbers, [numbers.length, ...shape.slice(1).map(() => 1)]);
  return { mean: spread(normalization.mean), std: spread(normalization.std) };
}

/** What a model is built for. */
export interface Task {
  readonly shape: Shape;
  readonly classes: number;
  readonly normalization: Normalization;
}

/** A program holds the parameters, and ONNX models end at 2 GB. */
const maxParameters = 2 ** 28;

/** Layers one after the other. The last one is linear. Throws LeakageError `spec` for a network that is too large. */
export function sequential(task: Task, layout: Window["layout"], layers: readonly Layer[]): Model {
  const parameters = layers.flatMap((layer) => layer.parameters);
  const count = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (count > maxParameters)
    throw new LeakageError(
      "spec",
      `The network would have ${count} parameters for images of ${showShape(task.shape)}; at most ${maxParameters} are possible.`,
    );
  return {
    ...task,
    parameters,
    statistics: layers.flatMap((layer) => layer.statistics),
    head: parameters.findLast(({ shape }) => shape.length === 2)!.name,
    forward: (x, mode, weight, observe) => {
      const first = layout === "nhwc" ? x.transpose([0, 2, 3, 1]) : x;
      const context: Context = { mode, layout, weight, ...(observe ? { observe } : {}) };
      return layers.reduce((value, layer) => layer.forward(value, context), first);
    },
  };
}
