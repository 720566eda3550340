import { z } from "zod";
import type { Attack } from "../adversary/index.ts";
import type { Client } from "../client/index.ts";
import type { Defense } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { type DeltaSpace, defaultDelta, imageShape } from "../metrics/index.ts";
import { areImages } from "../models/index.ts";
import type { Prior } from "../priors/index.ts";

/**
 * How labels reach an attack: given, read off the update, or looked for together with the inputs.
 */
export const labelPolicies = ["known", "recovered", "joint"] as const;
export type LabelPolicy = (typeof labelPolicies)[number];

/** When an input counts as recovered. */
export interface Score {
  /** It is, at a Euclidean distance of at most this. */
  readonly delta: number;
  /**
   * Where that distance is measured: between pixels, or between inputs as the network sees them.
   * Both are one for vectors.
   */
  readonly deltaSpace: "pixel" | "model";
}

/**
 * By what the best candidate of a tuning is chosen: the mean distance from the truth, or the
 * attacker's own objective.
 */
export const criterion = z.enum(["distance", "objective"]);
export type Criterion = z.output<typeof criterion>;

/** How an attack was tuned, for results. */
export interface Tuning {
  readonly specHash: string;
  /**
   * Of what tunings have in common that can be compared: the data, client, defense, labels, score
   * and draws.
   */
  readonly settingHash: string;
  readonly by: Criterion;
  /** The budget: candidates, each on as many draws. */
  readonly candidates: number;
  readonly draws: number;
  /** The best candidate, in words. */
  readonly attack: string;
  /** Its varied parameters by their paths; null where another command tuned it. */
  readonly values: Readonly<Record<string, z.core.util.JSONType>> | null;
}

/** A defense, with its name in results and reports. */
export interface NamedDefense extends Defense {
  readonly name: string;
}

/** An attack, with its name in results and reports. */
export interface NamedAttack extends Attack {
  readonly name: string;
  /** How it was tuned behind this defense, where it was. */
  readonly tuning?: Tuning;
}

/** A prior, with its name in results and reports. */
export interface NamedPrior {
  readonly name: string;
  readonly prior: Prior;
}

/**
 * Everything of one experiment as objects: a client, what it does before it sends, who attacks it,
 * and what counts as success. It is made once, from a spec or by hand.
 */
export interface Scenario {
  /** The network's name in results and reports. */
  readonly network: string;
  /** The client without its defense. */
  readonly client: Client;
  /** Inputs in one batch. */
  readonly batchSize: number;
  readonly defense: NamedDefense;
  readonly attacks: readonly NamedAttack[];
  /** What the user states as p(x), for attacks that leave it open; they hold it already. */
  readonly prior?: NamedPrior;
  readonly labels: LabelPolicy;
  readonly score: Score;
}

/** Where the distances of a scenario are measured. */
export const measuredIn = ({ score: { deltaSpace }, client: { model } }: Pick<Scenario, "score" | "client">): DeltaSpace =>
  deltaSpace === "model" && areImages(model) ? { space: "model", std: model.normalization.std } : { space: "pixel" };

/** What a scenario cannot do without, and what it has a value for. */
export interface ScenarioParts extends Pick<Scenario, "client" | "attacks">, Partial<Omit<Scenario, "client" | "attacks">> {}

/**
 * A scenario from its objects. Unless stated, a batch has one input, there is no defense, labels are
 * known, and an image counts as recovered within 0.1·√d.
 *
 * @throws LeakageError `spec` for vectors without a score: no distance is natural there.
 */
export function scenario({ client, attacks, ...stated }: ScenarioParts): Scenario {
  const { model } = client;
  if (!stated.score && !areImages(model))
    throw new LeakageError("spec", "Vectors have no distance that means recovered; state the score's delta.");
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
