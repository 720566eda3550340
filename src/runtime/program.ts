import type { Shape } from "../graph/index.ts";

/** Numbers that a program is fed with or returns, row-major. Keys are pairs of 32-bit words. */
export type Numbers = Float32Array | Float64Array | Uint32Array;

/** A compiled graph. */
export interface Program<Name extends string = string> {
  /** What `run` must be fed with, by name. Draws are not among them: they follow from the keys. */
  readonly inputs: ReadonlyMap<string, { readonly shape: Shape; readonly dtype: "float" | "key" }>;
  /** Computes all outputs. Throws RangeError for a missing or wrongly sized feed. */
  run(feeds: Readonly<Record<string, Numbers>>): Promise<Record<Name, Float32Array | Float64Array>>;
  /** Gives up the program; it cannot run again. A second time does nothing. */
  dispose(): Promise<void>;
}

/** Throws RangeError unless every input is fed with as many numbers as it has entries. */
export function checkFeeds(inputs: Program["inputs"], feeds: Readonly<Record<string, Numbers>>): void {
  for (const [name, { shape }] of inputs) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const length = feeds[name]?.length;
    if (length !== size) throw new RangeError(`"${name}" takes ${size} numbers of shape [${shape.join(", ")}], got ${length ?? "none"}`);
  }
}
