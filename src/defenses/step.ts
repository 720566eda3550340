import type { Batch, Client } from "../client/index.ts";
import type { Gradients, Tensor } from "../graph/index.ts";
import type { Key } from "../random/index.ts";
import { type Law, type UnknownLaw, unknownLaw } from "./law/law.ts";
import type { Published } from "./law/likelihood.ts";

/** What a step remembers from one round to the next, by name. */
export type StepState = Readonly<Record<string, Tensor>>;

/** When a step acts on an update. */
export interface Moment {
  /** The client that computed the update, after all steps on the model. */
  readonly client: Client;
  /** The batch that the update is of, after all steps on the batch. */
  readonly batch: Batch;
  /** The step's own randomness. */
  readonly key: Key;
  /** Which step of the defense it is, counted from 0: it names what the step publishes. */
  readonly place: number;
  /** What the step remembers; only of a step with {@link Step.initialState}. */
  readonly state?: StepState;
}

/** What a step on the update gives. */
export interface Acted {
  readonly update: Gradients;
  readonly published?: Published;
  /** What the step remembers for the next round; as it was, where it is left out. */
  readonly state?: StepState;
}

/**
 * One thing that a defense does. It may act on the batch, on the model, on the update, or on
 * several of them.
 */
export interface Step {
  /** In a few words, for reports and errors. */
  readonly name: string;
  /**
   * Changes the batch before the client computes on it: a transformation of images, for example.
   */
  onBatch?(batch: Batch, at: { readonly client: Client; readonly key: Key; readonly place: number }): Batch;
  /** Changes the client: a layer in its model, for example. The server knows the changed client. */
  onClient?(client: Client): Client;
  /** Changes the update on its way out. */
  onUpdate?(update: Gradients, moment: Moment): Acted;
  /** What the step remembers before the first round; absent where it remembers nothing. */
  initialState?(client: Client): StepState;
  /**
   * What the step makes of the law so far; {@link UnknownLaw} with the reason where nobody can
   * write it down.
   */
  law(before: Law, place: number): Law | UnknownLaw;
  /**
   * @throws LeakageError `spec` that names what does not fit: the client or the size of its batch.
   */
  check?(client: Pick<Client, "model" | "mode">, batchSize: number): void;
}

/**
 * A step without randomness: the update is a function of the bare gradient. Its law is a point mass
 * around that function, and stays known where noise follows.
 */
export const deterministicStep = (name: string, change: (update: Gradients) => Gradients): Step => ({
  name,
  onUpdate: (update) => ({ update: change(update) }),
  law: (before) => {
    if (before.noisy !== undefined)
      return unknownLaw(`${name} follows ${before.noisy}, and what it makes of noise has no density in closed form`);
    if (before.hidden) return unknownLaw(`${name} follows ${before.hidden.name}, and depends on the entries that were kept`);
    return {
      ...before,
      names: [...before.names, name],
      plain: false,
      aggregated: before.aggregated ?? name,
      signal: (client) => (batch, published) => change(before.signal(client)(batch, published)),
    };
  },
});

/**
 * A step whose law nobody can write down, with the reason: attacks assume a law of their own there.
 */
export const stepWithoutLaw = (name: string, reason: string, onUpdate: NonNullable<Step["onUpdate"]>): Step => ({
  name,
  onUpdate,
  law: () => unknownLaw(reason),
});
