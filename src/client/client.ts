import { constant, Gradients, grad, type Shape, type Tensor } from "../graph/index.ts";
import type { InputStatistics, Mode, Model, Weights } from "../models/index.ts";

/** Private pictures x [B, c, h, w] in model space and label probabilities y [B, classes]. */
export interface Batch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Mean over the batch of what the client minimizes, from logits and label probabilities. */
export type Loss = (logits: Tensor, y: Tensor) => Tensor;

/** −Σ y log softmax(logits), averaged over the batch. */
export const crossEntropy: Loss = (logits, y) => logits.logSoftmax().mul(y).sum(-1).mean().neg();

/** A participant of federated learning, as the server knows it: everything but its data. */
export interface Client {
  readonly model: Model;
  readonly mode: Mode;
  /** Names and shapes of the gradients that it sends, in the order of the model's state_dict. */
  readonly parameters: readonly { readonly name: string; readonly shape: Shape }[];
  /** The gradient of its loss in every parameter. */
  gradients(batch: Batch): Gradients;
  /** Statistics of what enters each batch normalization, from the first to the last; empty where the model has none. */
  batchStatistics(batch: Batch): readonly LayerStatistics[];
}

/** What enters a batch normalization: over this batch, and as the layer's running statistics remember it. */
export interface LayerStatistics {
  readonly layer: string;
  readonly batch: InputStatistics;
  readonly running: InputStatistics;
}

export interface ClientOptions {
  readonly model: Model;
  readonly weights: Weights;
  readonly mode?: Mode;
  readonly loss?: Loss;
}

/** A client of FedSGD: one gradient of the mean loss over one batch, at weights that the server knows. */
export function client({ model, weights, mode = "eval", loss = crossEntropy }: ClientOptions): Client {
  // θ is a constant of every program, so that the runtime can prepare it once.
  const constants = new Map([...weights].map(([name, { data, shape }]) => [name, constant(data, shape)]));
  const weight = (name: string): Tensor => {
    const tensor = constants.get(name);
    if (!tensor) throw new RangeError(`the weights have no "${name}"`);
    return tensor;
  };
  const names = model.parameters.map(({ name }) => name);
  return {
    model,
    mode,
    parameters: model.parameters,
    gradients: ({ x, y }) => {
      const gradients = grad(loss(model.forward(x, mode, weight), y), names.map(weight));
      return new Gradients(new Map(names.map((name, i) => [name, gradients[i]!])));
    },
    batchStatistics: ({ x }) => {
      const layers: LayerStatistics[] = [];
      model.forward(x, mode, weight, (layer, { mean, variance }) => {
        const running = { mean: weight(`${layer}.running_mean`), variance: weight(`${layer}.running_var`) };
        layers.push({ layer, batch: { mean, variance }, running });
      });
      return layers;
    },
  };
}

/** The same client, whose gradients are compared entry by entry: slower, and right to the last digit near a perfect match. */
export const exactly = (one: Client): Client => ({ ...one, gradients: (batch) => new Gradients(one.gradients(batch).tensors, true) });
