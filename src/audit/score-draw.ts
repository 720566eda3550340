import type { Aim } from "../adversary/index.ts";
import type { Example } from "../data/index.ts";
import { changesImages } from "../defenses/index.ts";
import { matchImages } from "../metrics/index.ts";
import { type PrivateBatches, pixelsOfLane, type Reconstruction, type Scenario } from "../scenario/index.ts";

/** What the answers for one batch are compared with, in pixel space. */
export interface Targets {
  /** What the attack is after. */
  readonly after: readonly Float32Array[];
  /** The other one of the originals and the images that the network saw, where these differ. */
  readonly other?: readonly Float32Array[];
  readonly aim: Aim;
}

/** What the answers of an attack on one lane are compared with. */
export function targetsOf(
  { defense, client: { model } }: Scenario,
  aim: Aim = "transformed",
  batch: readonly Example[],
  network: PrivateBatches,
  lane: number,
): Targets {
  const originals = batch.map(({ image }) => image);
  if (!changesImages(defense)) return { aim, after: originals };
  const seen = pixelsOfLane(network, lane, model);
  return aim === "original" ? { aim, after: originals, other: seen } : { aim, after: seen, other: originals };
}

/** The distance of an original from an answer. */
type Apart = (truth: Float32Array, guess: Float32Array) => number;

/** The answer for one image of a batch. */
interface Scored {
  readonly distance: number | null;
  readonly guess: Float32Array;
  /** The place of the answer among those of the attack. */
  readonly at: number;
}

/** The distances to what the attack is not after, with the answers that were matched. */
export function besideIn({ other, aim }: Targets, { transformed, images }: Reconstruction, scored: readonly Scored[], apart: Apart) {
  if (!other) return {};
  const guesses = aim === "original" ? (transformed ?? images) : images;
  const beside = scored.map(({ at }, place) => apart(other[place]!, guesses[at]!));
  return { beside: beside.map((distance) => (Number.isFinite(distance) ? distance : null)) };
}

/**
 * A batch has no order: originals and reconstructions are matched such that the sum of their
 * squared distances is least.
 */
export function scoreDraw(truths: readonly Float32Array[], { images }: Reconstruction, apart: Apart): readonly Scored[] {
  const whole = images.every((image) => image.every(Number.isFinite));
  const match =
    whole && truths.length > 1 ? matchImages(truths, images, (truth, guess) => apart(truth, guess) ** 2) : truths.map((_, i) => i);
  return truths.map((truth, i) => {
    const guess = images[match[i]!]!;
    const distance = apart(truth, guess);
    return { distance: Number.isFinite(distance) ? distance : null, guess, at: match[i]! };
  });
}
