import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { showShape, type Tensor } from "../graph/index.ts";
import { type Model, perChannel } from "../models/index.ts";

/**
 * Where a prior measures: in model space, (pixel − mean) / std, or in pixel space, where 0 is black
 * and 1 is full.
 */
export type Space = "model" | "pixel";

/** The parameter of priors that measure in either space. */
export const spaceParameter = (space: Space) =>
  z.enum(["model", "pixel"]).default(space).describe("Normalized as the network sees them, or pixels in [0, 1].");

/** The parameter of priors that sum or average. */
export const reductionParameter = (reduction: Reduction, over: string) =>
  z.enum(["sum", "mean"]).default(reduction).describe(`Over ${over}.`);
export type Reduction = "sum" | "mean";

/** A batch in model space, as the chosen space has it. */
export function inSpace(x: Tensor, space: Space, model: Model): Tensor {
  if (space === "model") return x;
  const { mean, std } = perChannel(model);
  return x.mul(std).add(mean);
}

/**
 * Throws LeakageError `spec` where examples are not pictures [c, h, w] of at least `side` × `side`.
 */
export function requirePictures(prior: string, { shape }: Model, side: number): void {
  if (shape.length !== 3 || Math.min(shape[1]!, shape[2]!) < side)
    throw new LeakageError(
      "spec",
      `The prior ${prior} needs pictures of at least ${side}×${side}; examples here have shape ${showShape(shape)}.`,
    );
}
