import type { Batch, Client } from "../../client/index.ts";
import { addAll, type Gradients, sizeOf, type Tensor, where } from "../../graph/index.ts";
import { type EntryLaw, logProbs, onlyNoise, untouched } from "./entry-law.ts";
import type { Likelihood, Published } from "./likelihood.ts";
import { around, varianceOf } from "./noise.ts";

/**
 * The law p(g | x) after the steps of a defense so far: D(x), a function of the batch and of what
 * is published, and what chance makes of each of its entries.
 */
export interface Law {
  /** The names of the steps so far, for reports. */
  readonly names: readonly string[];
  /**
   * D(x). Some of what it drops can be read off the zeros of an update that carries no noise. Where
   * such an update is given as `sent`, D(x) drops what is 0 there and computes no choice of its own.
   */
  signal(client: Client): (batch: Batch, published: Published, sent?: Gradients) => Gradients;
  /** Whether D(x) is the client's unchanged gradient, whose factors make the comparison fast. */
  readonly plain: boolean;
  readonly entry: EntryLaw;
  /** The published masks of the entry law, by name. */
  readonly masks: ReadonlyMap<string, Mask>;
  /** The step after which the gradients of single examples are gone. */
  readonly aggregated?: string;
  /** The first step that adds noise. */
  readonly noisy?: string;
  /** A mask that is not published, and whether it is the same for all updates. */
  readonly hidden?: { readonly name: string; readonly fixed: boolean };
}

/** A published mask for a parameter, given what is published. */
export type Mask = (client: Client, published: Published, parameter: string) => Tensor;

/** The law after a step if nobody can write it down. */
export interface UnknownLaw {
  readonly kind: "unknown";
  /** The reason, as words that can follow "the law of this defense is not known:". */
  readonly reason: string;
}

export const unknownLaw = (reason: string): UnknownLaw => ({ kind: "unknown", reason });

/** The law before any step: what the client sends by itself. */
export const undefended: Law = {
  names: [],
  signal: (client) => (batch) => client.update(batch),
  plain: true,
  entry: untouched,
  masks: new Map(),
};

/** The likelihood of a law with noise. */
export const likelihoodOf = (law: Law, check: NonNullable<Likelihood["check"]>): Likelihood => ({
  ...asWideAs(law, check),
  widened: (factor) => asWideAs(law, check, factor),
});

/**
 * Noise of a scale family is `factor` times as wide around D(x) if update and D(x) are divided by
 * the factor. An entry's density is then divided by the factor too. That constant is left out: it
 * depends on the step of a search and not on x.
 */
function asWideAs(law: Law, check: NonNullable<Likelihood["check"]>, factor?: Tensor): Likelihood {
  const noiseEnergy: NonNullable<Likelihood["noiseEnergy"]> = ({ parameters }, batchSize) =>
    parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0) * varianceOf(noise!, batchSize)!;
  const scaled = (entries: Tensor): Tensor => (factor ? entries.div(factor) : entries);
  const noise = onlyNoise(law.entry);
  const normal = law.plain && noise?.family === "normal" ? noise : undefined;
  return {
    name: law.names.join(" + "),
    check,
    cancels: normal !== undefined,
    entries: normal === undefined,
    ...(noise && varianceOf(noise, 1) !== undefined ? { noiseEnergy } : {}),
    given:
      (client) =>
      (batch, published = {}) => {
        const batchSize = batch.x.shape[0]!;
        check(client, batchSize);
        const signal = law.signal(client)(batch, published);
        if (normal) {
          const variance = normal.variance(batchSize);
          const constants = (update: Gradients) => (entriesOf(update) / 2) * Math.log(2 * Math.PI * variance);
          const kernel = (update: Gradients) => scaled(scaled(signal.only(update.names).squaredDistance(update))).mul(-0.5 / variance);
          return { kernel, logProb: (update) => kernel(update).sub(constants(update)) };
        }
        const score = (entries: Tensor, name: string, constants: boolean): Tensor => {
          const center = scaled(signal.entries(name));
          if (noise) return around(noise, center, batchSize)[constants ? "logProb" : "kernel"](entries);
          const mask = (place: string) => law.masks.get(place)!(client, published, name);
          return logProbs(law.entry, entries, { signal: center, mask, batchSize }, constants).sum();
        };
        const all = (constants: boolean) => (update: Gradients) =>
          addAll(update.names.map((name) => score(scaled(update.entries(name)), name, constants)))!;
        return { kernel: all(false), logProb: all(true) };
      },
  };
}

/**
 * The Gaussian that stands for a law without noise: −P ‖g − D(x)‖² / (2 width² ‖g‖²) over the
 * entries that were sent, where P counts all entries. The update is D(x) except for entries that a
 * mask set to 0. A mask that is not published shows in the zeros of the update.
 */
export const narrowOf =
  (law: Law, check: NonNullable<Likelihood["check"]>) =>
  (width: number): Likelihood => ({
    name: [...law.names, `gaussian of ${width} of the update's root mean square`].join(" + "),
    cancels: law.plain && !law.hidden,
    entries: !law.plain || law.hidden !== undefined,
    check,
    given:
      (client) =>
      (batch, published = {}) => {
        check(client, batch.x.shape[0]!);
        return {
          logProb: (update) => {
            const signal = law.signal(client)(batch, published, update).only(update.names);
            const sent = law.hidden ? signal.map((entries, name) => where(update.entries(name).equal(0), 0, entries)) : signal;
            return sent
              .squaredDistance(update)
              .div(update.squaredNorm())
              .mul((-0.5 * entriesOf(signal)) / width ** 2);
          },
        };
      },
  });

const entriesOf = (gradients: Gradients): number => gradients.names.reduce((sum, name) => sum + sizeOf(gradients.entries(name).shape), 0);
