import type { Shape } from "./shape.ts";

/** Numbers with a shape, row-major. */
export interface ShapedNumbers {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Numbers by name: the weights of a network, an update, or the values published with it. */
export type NamedNumbers = ReadonlyMap<string, ShapedNumbers>;
