import { LeakageError } from "../errors.ts";
import { type Defense, lawOf } from "./defense.ts";
import { noisesOf, plus } from "./law/entry-law.ts";
import { type Law, type UnknownLaw, unknownLaw } from "./law/law.ts";
import type { Likelihood } from "./law/likelihood.ts";
import { around, type Noise, sumOf } from "./law/noise.ts";
import { postProcessing } from "./privacy.ts";
import type { Step } from "./step.ts";

/** The step that adds noise to every entry. Tensor i uses the step's key folded with i. */
export const noiseStep = (noise: Noise): Step => ({
  name: noise.name,
  onUpdate: (update, { batch, key }) => {
    const names = update.names;
    return { update: update.map((entries, name) => around(noise, entries, batch.x.shape[0]!).sample(key.foldIn(names.indexOf(name)))) };
  },
  privacy: postProcessing,
  law: (before) => {
    requirePossible(before, noise);
    return tied(before, noise) ?? unlike(before, noise) ?? noisy(before, noise);
  },
});

/**
 * @throws LeakageError `spec` for noise on single examples after a step that leaves only their
 * mean.
 */
function requirePossible({ aggregated }: Law, noise: Noise): void {
  if (noise.per === "example" && aggregated !== undefined)
    throw new LeakageError(
      "spec",
      `${noise.name} cannot follow ${aggregated}: the gradients of single examples are averaged by then; put it first.`,
    );
}

function tied({ hidden }: Law, noise: Noise): UnknownLaw | undefined {
  if (!hidden?.fixed) return undefined;
  return unknownLaw(
    `${noise.name} follows ${hidden.name}, and such a mask ties all updates of a client together, while an attack sees one; masks with redraw=update or published=true have a known law`,
  );
}

function unlike({ entry }: Law, noise: Noise): UnknownLaw | undefined {
  const other = noisesOf(entry).find((before) => !sumOf(before, noise));
  if (!other) return undefined;
  return unknownLaw(
    `${noise.name} follows ${other.name}, and the density of their sum is known only for normal noise and for Laplacian noise of one scale`,
  );
}

const noisy = (before: Law, noise: Noise): Law => ({
  ...before,
  names: [...before.names, noise.name],
  entry: plus(before.entry, noise, (a, b) => sumOf(a, b)!),
  noisy: before.noisy ?? noise.name,
  ...(noise.per === "update" ? { aggregated: before.aggregated ?? noise.name } : {}),
});

/** The defense that adds noise to every entry of the update. */
export const withNoise = (noise: Noise): Defense => ({ steps: [noiseStep(noise)] });

/** The likelihood of noise around the bare gradient. */
export function noiseLikelihood(noise: Noise): Likelihood {
  const law = lawOf(withNoise(noise));
  if (law.kind !== "known") throw new Error(`noise has a law: ${noise.name}`);
  return law.likelihood;
}
