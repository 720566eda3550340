import type { Model } from "./model.ts";

const suffix = ".weight";

/**
 * The names of a model's dense layers, from the first to the last: those with a matrix of weights.
 */
export const denseLayers = ({ parameters }: Pick<Model, "parameters">): readonly string[] =>
  parameters.flatMap(({ name, shape }) => (shape.length === 2 && name.endsWith(suffix) ? [name.slice(0, -suffix.length)] : []));
