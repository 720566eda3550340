import { attacks, autoMembers } from "../attacks/index.ts";
import { controlDraws, secondsPerStep } from "../audit/index.ts";
import { fedSgd } from "../client/index.ts";
import { type Defense, defended, lawOf } from "../defenses/index.ts";
import { sizeOf } from "../graph/index.ts";
import type { Model, Weights } from "../models/index.ts";
import type { PartSpec } from "../parts/index.ts";

/** The steps that a budget may become. With fewer, no search finds an image; more add nothing. */
const range = { least: 100, most: 2000 } as const;

/** What a run will do, as far as its time depends on it. */
export interface Load {
  readonly model: Model;
  readonly batch: number;
  /** The number of updates that are attacked behind each defense. */
  readonly updates: number;
  readonly lanes?: number | undefined;
  readonly defenses: readonly Defense[];
  /** Whether each attack also runs without its defense. */
  readonly control: boolean;
}

/**
 * An attack whose steps are stated. Of `auto`, its minutes become steps, by a model of the time that
 * depends on the spec alone, so that the spec is the same on every machine. Other attacks stay as
 * they are.
 */
export function withSteps(attack: PartSpec, load: Load): PartSpec {
  const { kind, minutes, steps } = attack;
  if (kind !== "auto" || steps !== null) return attack;
  const fitting = (60 * Number(minutes)) / (autoMembers * secondsForStep(load));
  const { minutes: _, ...standard } = attacks.parse("auto");
  return attacks.parse({ ...standard, steps: rounded(Math.min(Math.max(fitting, range.least), range.most)) });
}

/** The seconds of one step on all updates. */
function secondsForStep({ model, batch, updates, lanes, defenses, control }: Load): number {
  const client = fedSgd({ model, weights: blank(model) });
  const drawn = (defense: Defense, count: number): number => {
    const law = lawOf(defense, defended(defense, client).model);
    const entries = law.kind === "known" && law.likelihood.entries;
    const attack = { work: { steps: 1, restarts: 1, points: 1, entries } };
    return count * secondsPerStep([{ client, batchSize: batch, attacks: [attack] }], updates, lanes);
  };
  const controls = control ? drawn({ steps: [] }, Math.min(updates, controlDraws)) : 0;
  return defenses.reduce((sum, defense) => sum + drawn(defense, updates), controls);
}

/** Weights of the right sizes: how long a step takes does not depend on their values. */
const blank = ({ parameters, statistics }: Model): Weights =>
  new Map([...parameters, ...statistics].map(({ name, shape }) => [name, { shape, data: new Float32Array(sizeOf(shape)) }]));

/** Two digits, so that an estimate does not look like a count. */
function rounded(steps: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(steps)) - 1);
  return Math.floor(steps / unit) * unit;
}
