import { LeakageError } from "../errors.ts";
import { constant, Gradients, grad, sameShape, showShape, type Tensor } from "../graph/index.ts";
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
  return fedSgdAt({ model, weights: (name) => constants.get(name), mode, loss });
}

/**
 * A client of FedSGD at weights that are expressions, such as inputs of a training step's program.
 *
 * @param weights gives the tensor of a parameter or running statistic, the same at every call; none
 * for what only a defense adds to the network.
 * @param training whether the loss is that of training, with everything that layers add to it. The
 * default is no.
 */
export function fedSgdAt({
  model,
  weights,
  mode,
  loss,
  training = false,
}: Required<Omit<FedSgdOptions, "weights">> & {
  readonly weights: (name: string) => Tensor | undefined;
  readonly training?: boolean;
}): Client {
  const penalized = model.penalty === "shared" || (training && model.penalty !== undefined);
  const weight = (name: string): Tensor => {
    const tensor = weights(name);
    if (!tensor) throw new RangeError(`the weights have no "${name}"`);
    return tensor;
  };
  const names = model.parameters.map(({ name }) => name);
  const from = (exact: boolean, draws?: Tensor): Client => ({
    model,
    mode,
    parameters: model.parameters,
    weight,
    update: ({ x, y }: Batch, key) => {
      const penalties: Tensor[] = [];
      const penalize = penalized ? { penalize: (term: Tensor) => void penalties.push(term) } : {};
      const chance = draws ? { draws } : key && model.random ? { key } : {};
      const logits = model.forward(x, { mode, weight, ...penalize, ...chance });
      const total = penalties.reduce((sum, term) => sum.add(term), loss(logits, y));
      const gradients = grad(total, names.map(weight));
      return new Gradients(new Map(names.map((name, i) => [name, gradients[i]!])), exact);
    },
    taps: ({ x }: Batch) => {
      const taps = new Map<string, Tensor>();
      model.forward(x, { mode, weight, tap: (name, tensor) => taps.set(name, tensor) });
      return taps;
    },
    exactly: () => from(true, draws),
    withDraws: (stated) => from(exact, stated),
    withModel: (changed, added) => {
      for (const { name, shape } of changed.parameters) {
        const own = weights(name)?.shape ?? shape;
        if (!sameShape(own, shape))
          throw new LeakageError(
            "spec",
            `The weights have ${name} of shape ${showShape(own)}, and the defended network needs ${showShape(shape)}; state the defense that they were trained behind.`,
          );
      }
      const more = new Map([...added].map(([name, { data, shape }]) => [name, constant(data, shape)]));
      const client = fedSgdAt({ model: changed, weights: (name) => weights(name) ?? more.get(name), mode, loss, training });
      return exact ? client.exactly() : client;
    },
  });
  return from(false);
}
