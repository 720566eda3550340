import { type Client, fedSgdAt } from "../client/index.ts";
import { type Defense, defended, initialState } from "../defenses/index.ts";
import { constant, type Tensor } from "../graph/index.ts";
import type { Examples, Weights } from "../models/index.ts";
import type { Optimizer } from "../optimizers/index.ts";
import type { KeyBits } from "../random/index.ts";
import { type CompileOptions, evaluate } from "../runtime/index.ts";
import type { Computing } from "./forward.ts";
import { type Named, type Remembered, rememberedAtFirst } from "./server.ts";

/** What clients compute in a round, and send. */
export type Protocol =
  /** FedSGD: each client sends the gradient of its mean loss over one batch. */
  | { readonly kind: "fed-sgd" }
  /**
   * FedAvg: each client takes steps of plain gradient descent on its own examples, for a number of
   * passes, and sends how far its weights moved: the weights before minus those after.
   */
  | { readonly kind: "fed-avg"; readonly passes: number; readonly rate: number };

/** What becomes of the running statistics of batch normalization. */
export interface StatisticsRule {
  /**
   * `average`: the server takes the mean of those of its clients after each round. `keep`: they
   * never change.
   */
  readonly rule: "average" | "keep";
  /** The share of a batch in running statistics after it; PyTorch's default is 0.1. */
  readonly momentum: number;
}

/** Everything that a federated training follows from, but the weights that it starts at. */
export interface Federation extends Computing {
  readonly protocol: Protocol;
  /** The defense that each client applies to what it sends. */
  readonly defense: Defense;
  /** The server's optimizer. */
  readonly optimizer: Optimizer;
  /** The server's learning rate in a round; rounds are counted from 0. */
  rate(round: number): number;
  readonly statistics: StatisticsRule;
  /** The training examples, in pixel space, with labels. */
  readonly examples: Examples;
  /** The positions of each client's examples. */
  readonly partition: readonly (readonly number[])[];
  /** How many clients take part in a round. */
  readonly taking: number;
  /** The number of examples in one batch of a client. */
  readonly batch: number;
  /** The root of the key tree. */
  readonly root: KeyBits;
  readonly machine: CompileOptions;
}

/** What a client remembers between the rounds that it takes part in. */
export interface ClientState {
  /** How many examples it took so far. */
  readonly taken: number;
  /** What the steps of its defense remember, in their order. */
  readonly defense: readonly Named<Float32Array>[];
}

/** What a training knows after some rounds. All that follows depends on it and the federation. */
export interface TrainingState {
  /** The number of finished rounds. */
  readonly round: number;
  /** Parameters and running statistics, by name. */
  readonly weights: Named<Float32Array>;
  /** What the server's optimizer remembers. */
  readonly remembered: Remembered<Float32Array>;
  readonly clients: readonly ClientState[];
}

/** The client of a program whose weights are tensors of it, and what its defense makes of it. */
export function clientAt(
  { model, mode, loss, defense }: Pick<Federation, "model" | "mode" | "loss" | "defense">,
  weight: (name: string) => Tensor | undefined,
): { readonly client: Client; readonly sender: Client } {
  const client = fedSgdAt({ model, mode, loss, weights: weight, training: true });
  return { client, sender: defended(defense, client) };
}

/** What a training knows before its first round. */
export function initialTraining(federation: Federation, weights: Weights): TrainingState {
  const { defense, optimizer, partition } = federation;
  const constants = new Map([...weights].map(([name, { data, shape }]) => [name, constant(data, shape)]));
  const { client, sender } = clientAt(federation, (name) => constants.get(name));
  const first = initialState(defense, client).map((state): Named<Float32Array> => {
    const values = evaluate(Object.values(state));
    return Object.fromEntries(Object.keys(state).map((name, i) => [name, Float32Array.from(values[i]!.data)]));
  });
  return {
    round: 0,
    weights: Object.fromEntries([...weights].map(([name, { data }]) => [name, data])),
    remembered: rememberedAtFirst(optimizer, sender.parameters),
    clients: partition.map(() => ({ taken: 0, defense: first })),
  };
}
