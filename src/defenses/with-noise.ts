import { LeakageError } from "../errors.ts";
import type { Defense, Likelihood } from "./defense.ts";
import { plus } from "./entry-law.ts";
import type { Law } from "./law.ts";
import { around, type Noise, sumOf } from "./noise.ts";
import { inSteps, type Step } from "./step.ts";

/** Adds noise to every entry; tensor i uses the key folded with i. */
export const noiseStep = (noise: Noise): Step => ({
  act: (update, { batch, key }) => {
    const names = update.names;
    return { update: update.map((entries, name) => around(noise, entries, batch.x.shape[0]!).sample(key.foldIn(names.indexOf(name)))) };
  },
  law: (before) => {
    requirePossible(before, noise);
    return {
      ...before,
      names: [...before.names, noise.name],
      entry: plus(before.entry, noise, (a, b) => sumOf(a, b) ?? refuseSum(a, b)),
      noisy: before.noisy ?? noise.name,
      ...(noise.per === "update" ? { aggregated: before.aggregated ?? noise.name } : {}),
    };
  },
});

function requirePossible({ aggregated, hidden }: Law, noise: Noise): void {
  if (noise.per === "example" && aggregated !== undefined)
    throw new LeakageError(
      "spec",
      `${noise.name} cannot follow ${aggregated}: the gradients of single examples are averaged by then; put it first.`,
    );
  if (hidden?.fixed)
    throw new LeakageError(
      "spec",
      `${noise.name} cannot follow ${hidden.name}: a mask that is never redrawn and not known ties all updates of a client together, and an attack sees one; use redraw=update or known=true.`,
    );
}

function refuseSum(a: Noise, b: Noise): never {
  throw new LeakageError(
    "spec",
    `${b.name} cannot follow ${a.name}: the density of their sum is known for normal noise, and for Laplacian noise of one scale, only.`,
  );
}

/** The defense that adds noise to every entry of the gradient. */
export const withNoise = (noise: Noise): Defense & { readonly likelihood: Likelihood } => {
  const defense = inSteps([noiseStep(noise)]);
  return { ...defense, likelihood: defense.likelihood! };
};
