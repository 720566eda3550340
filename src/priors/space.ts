import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { showShape, type Tensor } from "../graph/index.ts";
import { type Model, perChannel } from "../models/index.ts";

/**
 * The space that a prior measures in: model space, (pixel − mean) / std, or pixel space, where 0 is
 * black and 1 is full intensity.
 */
export type Space = "model" | "pixel";

/** The `space` parameter of priors that can measure in either space. */
export const spaceParameter = (space: Space) =>
  z
    .enum(["model", "pixel"])
    .default(space)
    .describe("The space of the entries: normalized as the network sees them, or pixels from 0 to 1.");

/** The `reduction` parameter of priors that sum or average. */
export const reductionParameter = (reduction: Reduction, over: string) =>
  z.enum(["sum", "mean"]).default(reduction).describe(`Whether the prior adds up or averages over ${over}.`);
export type Reduction = "sum" | "mean";

/** A batch in model space, converted to the chosen space. */
export function inSpace(x: Tensor, space: Space, model: Model): Tensor {
  if (space === "model") return x;
  const { mean, std } = perChannel(model);
  return x.mul(std).add(mean);
}

/** @throws LeakageError `spec` if examples are not images [c, h, w] of at least `side` × `side`. */
export function requireImages(prior: string, { shape }: Model, side: number): void {
  if (shape.length !== 3 || Math.min(shape[1]!, shape[2]!) < side)
    throw new LeakageError(
      "spec",
      `The prior ${prior} needs images of at least ${side}×${side}; examples here have shape ${showShape(shape)}.`,
    );
}
