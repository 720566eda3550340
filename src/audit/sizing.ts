import type { Model } from "../models/index.ts";

/** Lanes and chunk. */
export const sizesFor = ({
  samples,
  lanes = Math.min(16, samples),
  chunk = Math.max(16, lanes),
}: {
  readonly model: Model;
  readonly batch: number;
  readonly points: number;
  readonly samples: number;
  readonly lanes?: number;
  readonly chunk?: number;
}) => ({ lanes, chunk });
