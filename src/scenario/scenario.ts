import { z } from "zod";
import type { Attack, LabelRule } from "../adversary/index.ts";
import type { Client } from "../client/index.ts";
import type { Defense } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { type DeltaSpace, defaultDelta, imageShape } from "../metrics/index.ts";
import { areImages, type Examples } from "../models/index.ts";
import type { Prior } from "../priors/index.ts";

/** How labels reach an attack: given, read off the update, or searched together with the inputs. */
export const labelPolicies = ["known", "recovered", "joint"] as const;
export type LabelPolicy = (typeof labelPolicies)[number];

/** When an input counts as recovered. */
export interface Score {
  /** An input is recovered at a Euclidean distance of at most this. */
  readonly delta: number;
  /**
   * The space in which the distance is measured: between pixels, or between inputs as the network
   * sees them. For vectors both are the same.
   */
  readonly deltaSpace: "pixel" | "model";
}

/**
 * How the best candidate of a tuning is chosen: by the mean distance from the truth, or by the
 * attacker's own objective.
 */
export const criterion = z.enum(["distance", "objective"]);
export type Criterion = z.output<typeof criterion>;

/** How an attack was tuned, for results. */
export interface Tuning {
  readonly specHash: string;
  /**
   * The hash of what tunings must share to be comparable: data, client, defense, labels, score and
   * draws.
   */
  readonly settingHash: string;
  readonly by: Criterion;
  /** The budget: the number of candidates, each tried on the same number of draws. */
  readonly candidates: number;
  readonly draws: number;
  /**
   * The work of the tuning: evaluations of the objective times the images behind each, over all
   * candidates, draws, restarts and points.
   */
  readonly work: number;
  /** The best candidate, as text. */
  readonly attack: string;
  /**
   * The varied parameters of the best candidate by their paths. It is null if another command tuned
   * the attack.
   */
  readonly values: Readonly<Record<string, z.core.util.JSONType>> | null;
}

/** A defense and its name in results and reports. */
export interface NamedDefense extends Defense {
  readonly name: string;
}

/** An attack and its name in results and reports. */
export interface NamedAttack extends Attack {
  readonly name: string;
  /** How the attack was tuned behind this defense, if it was. */
  readonly tuning?: Tuning;
  /** Whether the attack stands beside another one because it knows the defense. */
  readonly adaptive?: boolean;
}

/** A prior and its name in results and reports. */
export interface NamedPrior {
  readonly name: string;
  readonly prior: Prior;
}

/**
 * Everything in one experiment as objects: a client, its defense, the attacks on it, and the
 * condition of success. It is made once, from a spec or by hand.
 */
export interface Scenario {
  /** The network's name in results and reports. */
  readonly network: string;
  /** The client without its defense. */
  readonly client: Client;
  /** The number of inputs in one batch. */
  readonly batchSize: number;
  readonly defense: NamedDefense;
  readonly attacks: readonly NamedAttack[];
  /**
   * The same attacks as they are made for a client without the defense, in the same order. An audit
   * tries them as controls. By default they are the attacks themselves.
   */
  readonly controls?: readonly NamedAttack[];
  /**
   * The prior p(x) that the user states, for attacks that leave it open. Those attacks already
   * contain it.
   */
  readonly prior?: NamedPrior;
  readonly labels: LabelPolicy;
  /** The rule that reads labels off updates. By default the attack or the size of the batch decides. */
  readonly labelRule?: LabelRule;
  /** Public examples, on which attackers try the network to read labels. */
  readonly examples?: Examples;
  readonly score: Score;
}

/** The space in which the distances of a scenario are measured. */
export const measuredIn = ({ score: { deltaSpace }, client: { model } }: Pick<Scenario, "score" | "client">): DeltaSpace =>
  deltaSpace === "model" && areImages(model)
    ? { space: "model", std: model.normalization.std, clamps: true }
    : { space: "pixel", clamps: areImages(model) };

/** The objects of a scenario. A client and attacks are required; the others have defaults. */
export interface ScenarioParts extends Pick<Scenario, "client" | "attacks">, Partial<Omit<Scenario, "client" | "attacks">> {}

/**
 * A scenario from its objects. By default a batch has one input, the client has no defense, labels
 * are known, and an image counts as recovered within 0.1·√d.
 *
 * @throws LeakageError `spec` for vectors without a score, which have no natural distance.
 *
 * @example
 * ```ts
 * const noisy = scenario({
 *   client,
 *   defense: { name: "noise", ...defenses.build("gaussian:sigma=0.01") },
 *   attacks: [attackOf("inverting-gradients:steps=300")],
 * });
 * ```
 */
export function scenario({ client, attacks, ...stated }: ScenarioParts): Scenario {
  const { model } = client;
  if (!stated.score && !areImages(model))
    throw new LeakageError("spec", "Vectors have no default distance that means recovered; state the score's delta.");
  return {
    network: `a network with ${client.parameters.length} parameter tensors`,
    batchSize: 1,
    defense: { name: "none", steps: [] },
    labels: "known",
    score: stated.score ?? { delta: defaultDelta(imageShape(model.shape)), deltaSpace: "pixel" },
    ...stated,
    client,
    attacks,
  };
}
