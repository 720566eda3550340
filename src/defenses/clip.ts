import { z } from "zod";
import type { Gradients, Tensor } from "../graph/index.ts";
import { part } from "../parts/index.ts";
import type { Defense } from "./defense.ts";
import { deterministicStep } from "./step.ts";

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

/**
 * The whole update made shorter where it is longer than a norm: no noise, and no privacy by itself.
 */
export const clip = part({
  kind: "clip",
  doc: "Scales the update down to a norm where it is longer.",
  params: { norm: z.number().positive().default(1).describe("Largest Euclidean norm of the whole update.") },
  build: ({ norm }): Defense => ({ steps: [deterministicStep(`clip at norm ${norm}`, (update) => clipped(update, norm))] }),
});
