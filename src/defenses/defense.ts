import type { Batch, Client } from "../client/index.ts";
import type { Gradients } from "../graph/index.ts";
import type { Model } from "../models/index.ts";
import type { Key } from "../random/index.ts";
import { type Adaptive, adaptiveToAll } from "./adaptive.ts";
import { type Law, likelihoodOf, narrowOf, type UnknownLaw, undefended, unknownLaw } from "./law/law.ts";
import type { Likelihood, Published } from "./law/likelihood.ts";
import { bareResidual, type Residual, residualOf } from "./law/residual.ts";
import type { Acted, Step, StepState } from "./step.ts";

/**
 * What a client does to a batch, to its model and to its update before the update leaves: steps, in
 * order.
 */
export interface Defense {
  readonly steps: readonly Step[];
  /**
   * The attack by one who knows the defense. By default it is Bayes with the law of the defense; if
   * nobody knows that law, there is none.
   */
  readonly adaptive?: Adaptive;
}

/** The law p(g | x) of what a defense sends, given the private batch. */
export type DefenseLaw =
  /** The defense adds noise, and its density can be written down. */
  | { readonly kind: "known"; readonly likelihood: Likelihood }
  /**
   * The defense adds no noise: the law is a point mass. `narrow` gives the Gaussian around the
   * update of a batch that an attacker assumes in its place. `width` is its standard deviation in
   * root mean squares of the observed entries. Its normalizing constant is left out.
   */
  | { readonly kind: "deterministic"; narrow(width: number): Likelihood }
  | UnknownLaw;

const lawAfter = (steps: readonly Step[]): Law | UnknownLaw =>
  steps.reduce<Law | UnknownLaw>((before, step, place) => ("kind" in before ? before : step.law(before, place)), undefended);

/**
 * The law of a defense: known, deterministic, or unknown with the reason.
 *
 * @param model the network of the client. If it draws at random in its forward pass, the law is
 * unknown. Without it, the network is taken to draw nothing.
 * @throws LeakageError `spec` if a step cannot act after the steps before it.
 *
 * @example
 * ```ts
 * const law = lawOf(defenses.build("gaussian:sigma=0.01"));
 * if (law.kind === "known") console.log(law.likelihood.name);
 * if (law.kind === "unknown") console.log(law.reason);
 * ```
 */
export function lawOf(defense: Defense, model: Pick<Model, "random"> = {}): DefenseLaw {
  const law = lawAfter(defense.steps);
  if ("kind" in law) return law;
  if (model.random) return unknownLaw("the network draws at random in its forward pass, and its law is an integral over the draws");
  const check: NonNullable<Likelihood["check"]> = (client, batchSize) => requireFit(defense, client, batchSize);
  if (law.noisy === undefined) return { kind: "deterministic", narrow: narrowOf(law, check) };
  return { kind: "known", likelihood: likelihoodOf(law, check) };
}

/**
 * How far an update is from what the client would send for a batch, before noise. If nobody knows
 * the law, it is compared with what the client alone would send.
 */
export function residualBehind({ steps }: Defense, model: Pick<Model, "random">): Residual {
  const law = lawAfter(steps);
  return "kind" in law || model.random ? bareResidual : residualOf(law);
}

/** @throws LeakageError `spec` if a step does not fit the client or the size of its batch. */
export function requireFit({ steps }: Defense, client: Pick<Client, "model" | "mode">, batchSize: number): void {
  for (const step of steps) step.check?.(client, batchSize);
}

/**
 * The client whose updates the server sees, with every change that the defense makes to its model.
 */
export const defended = ({ steps }: Defense, client: Client): Client =>
  steps.reduce((changed, step) => step.onClient?.(changed) ?? changed, client);

/**
 * A defense without its effect on batches and updates, and with random layers at the center of their
 * noise. It keeps what the defense adds to the model. Attacks are tried on it as a control.
 */
export function bareOf({ steps }: Defense, model: Pick<Model, "random">): Defense {
  const onClient = steps.flatMap((step): Step[] => {
    const change = step.onClient?.bind(step);
    return change ? [{ name: step.name, onClient: (client) => centered(change(client)), law: (before) => before }] : [];
  });
  if (!model.random || onClient.length > 0) return { steps: onClient };
  return { steps: [{ name: "random layers at their center", onClient: centered, law: (before) => before }] };
}

/** The client whose random layers compute at the center of their noise. */
const centered = (client: Client): Client => ({
  ...client,
  model: { ...client.model, random: false },
  update: (batch) => client.update(batch),
  exactly: () => centered(client.exactly()),
  withModel: (model, added) => centered(client.withModel(model, added)),
});

/** What each step remembers, in the order of the steps. */
export type DefenseState = readonly StepState[];

/** What the steps remember before the first round. */
export const initialState = ({ steps }: Defense, client: Client): DefenseState => {
  const sender = defended({ steps }, client);
  return steps.map((step) => step.initialState?.(sender) ?? {});
};

/** What leaves a client in one round. */
export interface Sent {
  readonly update: Gradients;
  readonly published: Published;
  readonly state: DefenseState;
  /** What the steps say that they did to the update, for results; see {@link Acted.facts}. */
  readonly facts: NonNullable<Acted["facts"]>;
}

/**
 * The function that computes what a client sends behind a defense. The client computes its update,
 * then the steps on the update act. Steps act in order; each has its own key. Steps on images have
 * acted before, on numbers: see {@link imagesBehind}.
 *
 * @param client the client without the defense; see {@link defended}.
 * @returns a function of a batch, a key and what the steps remember (by default
 * {@link initialState}). It gives the update, what is published, and what the steps remember next.
 * It throws LeakageError `spec` if a step does not fit.
 *
 * @example
 * ```ts
 * const sent = send(defenses.build("clip:norm=1"), client)(batch, key);
 * console.log(sent.update.names, Object.keys(sent.published));
 * ```
 */
export function send(defense: Defense, client: Client): (batch: Batch, key: Key, state?: DefenseState) => Sent {
  const { steps } = defense;
  const sender = defended(defense, client);
  return (batch, key, state = initialState(defense, client)) => {
    requireFit(defense, sender, batch.x.shape[0]!);
    let update = sender.update(batch, key.stream("forward"));
    let published: Published = {};
    let facts: Sent["facts"] = {};
    const next = steps.map((step, place): StepState => {
      const own = state[place]!;
      const moment = { client: sender, batch, key: key.foldIn(place), place, ...(step.initialState ? { state: own } : {}) };
      const acted = step.onUpdate?.(update, moment);
      if (!acted) return own;
      update = acted.update;
      published = { ...published, ...acted.published };
      facts = { ...facts, ...acted.facts };
      return acted.state ?? own;
    });
    return { update, published, state: next, facts };
  };
}

/** The defense that applies several defenses, one after the other. */
export function chain(links: readonly Defense[]): Defense {
  const adaptive = adaptiveToAll(links);
  return { steps: links.flatMap(({ steps }) => steps), ...(adaptive ? { adaptive } : {}) };
}
