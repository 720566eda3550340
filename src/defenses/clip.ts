import { z } from "zod";
import type { Gradients, Tensor } from "../graph/index.ts";
import { part } from "../parts/index.ts";
import type { Defense } from "./defense.ts";
import { deterministicStep } from "./step.ts";

/** 1 / max(1, ‖g‖ / norm) from ‖g‖². Its derivative is 0 if nothing is clipped, at g = 0 too. */
const clipFactor = (squaredNorm: Tensor, norm: number): Tensor =>
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

/** Clips the whole update to a norm. It adds no noise and is no privacy guarantee by itself. */
export const clip = part({
  kind: "clip",
  doc: "Scales the whole update down to a norm if it is longer.",
  params: { norm: z.number().positive().default(1).describe("The largest Euclidean norm of the whole update. Smaller values clip more.") },
  build: ({ norm }): Defense => ({ steps: [deterministicStep(`clip at norm ${norm}`, (update) => clipped(update, norm))] }),
});
