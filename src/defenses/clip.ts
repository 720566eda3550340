import { z } from "zod";
import { LeakageError } from "../errors.ts";
import type { Gradients, Tensor } from "../graph/index.ts";
import { part } from "../parts/index.ts";
import type { Defense } from "./defense.ts";
import { inSteps, type Step } from "./step.ts";

/** 1 / max(1, ‖g‖ / norm) from ‖g‖². Its derivative is 0 where nothing is clipped, at g = 0 too. */
export const clipFactor = (squaredNorm: Tensor, norm: number): Tensor =>
  squaredNorm
    .div(norm ** 2)
    .maximum(1)
    .sqrt()
    .pow(-1);

/** g / max(1, ‖g‖ / norm) over all parameters together. */
export function clipped(update: Gradients, norm: number): Gradients {
  const factor = clipFactor(update.squaredNorm(), norm);
  return update.map((entries) => entries.mul(factor));
}

function clipStep(norm: number): Step {
  const name = `clip at norm ${norm}`;
  return {
    act: (update) => ({ update: clipped(update, norm) }),
    law: (before) => {
      if (before.noisy !== undefined)
        throw new LeakageError(
          "spec",
          `${name} cannot follow ${before.noisy}: it takes all longer noisy updates to one sphere, where their law has no density in closed form; put it before the noise.`,
        );
      if (before.hidden)
        throw new LeakageError(
          "spec",
          `${name} cannot follow ${before.hidden.name}: the norm depends on every entry that was kept, so that entries are not independent any more; put it before the mask, or use known=true.`,
        );
      return {
        ...before,
        names: [...before.names, name],
        plain: false,
        aggregated: before.aggregated ?? name,
        signal: (client) => (batch, open) => clipped(before.signal(client)(batch, open), norm),
      };
    },
  };
}

/** The whole update made shorter where it is longer than a norm: no noise, and no privacy by itself. */
export const clip = part({
  kind: "clip",
  doc: "Scales the update down to a norm where it is longer.",
  params: { norm: z.number().positive().default(1).describe("Largest Euclidean norm of the whole update.") },
  build: ({ norm }): Defense => inSteps([clipStep(norm)]),
});
