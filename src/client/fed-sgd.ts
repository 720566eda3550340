import { constant, Gradients, grad, type Tensor } from "../graph/index.ts";
import type { Mode, Model, Weights } from "../models/index.ts";
import type { Batch, Client } from "./client.ts";
import { crossEntropy, type Loss } from "./losses.ts";

/** How a client of FedSGD computes. */
export interface FedSgdOptions {
  readonly model: Model;
  readonly weights: Weights;
  /** How the client runs batch normalization. The default is `eval`. */
  readonly mode?: Mode;
  /** The loss that the client minimizes. The default is cross-entropy. */
  readonly loss?: Loss;
}

/**
 * A client of FedSGD (McMahan et al. 2017). It sends the gradient of its mean loss over one batch,
 * at weights that the server knows.
 *
 * @example
 * ```ts
 * const weights = initialWeights(model, keyFromSeed(0));
 * const client = fedSgd({ model, weights, mode: "train" });
 * ```
 */
export function fedSgd({ model, weights, mode = "eval", loss = crossEntropy }: FedSgdOptions): Client {
  // θ is a constant of every program, so that the runtime can prepare it once.
  const constants = new Map([...weights].map(([name, { data, shape }]) => [name, constant(data, shape)]));
  const weight = (name: string): Tensor => {
    const tensor = constants.get(name);
    if (!tensor) throw new RangeError(`the weights have no "${name}"`);
    return tensor;
  };
  return fedSgdAt({ model, weight, mode, loss });
}

/**
 * A client of FedSGD at weights that are expressions, such as inputs of a training step's program.
 *
 * @param weight gives the tensor of a parameter or running statistic, the same at every call.
 */
export function fedSgdAt({
  model,
  weight,
  mode,
  loss,
}: Required<Omit<FedSgdOptions, "weights">> & { readonly weight: (name: string) => Tensor }): Client {
  const names = model.parameters.map(({ name }) => name);
  const from = (exact: boolean): Client => ({
    model,
    mode,
    parameters: model.parameters,
    weight,
    update: ({ x, y }: Batch, key) => {
      const penalties: Tensor[] = [];
      const penalize = model.penalty === "shared" ? { penalize: (term: Tensor) => void penalties.push(term) } : {};
      const logits = model.forward(x, { mode, weight, ...penalize, ...(key && model.random ? { key } : {}) });
      const total = penalties.reduce((sum, term) => sum.add(term), loss(logits, y));
      const gradients = grad(total, names.map(weight));
      return new Gradients(new Map(names.map((name, i) => [name, gradients[i]!])), exact);
    },
    taps: ({ x }: Batch) => {
      const taps = new Map<string, Tensor>();
      model.forward(x, { mode, weight, tap: (name, tensor) => taps.set(name, tensor) });
      return taps;
    },
    exactly: () => from(true),
    withModel: (changed, added) => {
      const more = new Map([...added].map(([name, { data, shape }]) => [name, constant(data, shape)]));
      const client = fedSgdAt({ model: changed, weight: (name) => more.get(name) ?? weight(name), mode, loss });
      return exact ? client.exactly() : client;
    },
  });
  return from(false);
}
