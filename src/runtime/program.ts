import type { Shape } from "../graph/index.ts";

/** Numbers that a program takes or returns, row-major. Keys are pairs of 32-bit words. */
export type Numbers = Float32Array | Float64Array | Uint32Array;

/** A compiled graph. */
export interface Program<Name extends string = string> {
  /**
   * The inputs that `run` needs, by name. Draws are not among them, because they follow from the
   * keys.
   */
  readonly inputs: ReadonlyMap<string, { readonly shape: Shape; readonly dtype: "float" | "key" }>;
  /**
   * Computes all outputs. Calls may overlap: they take turns. An output that is an input may be the
   * fed array itself.
   *
   * @throws RangeError for a missing or wrongly sized feed.
   */
  run(feeds: Readonly<Record<string, Numbers>>): Promise<Record<Name, Float32Array | Float64Array>>;
  /** Disposes of the program, which then cannot run again. Calling it twice is harmless. */
  dispose(): Promise<void>;
}

/**
 * Checks that every input is fed with as many numbers as it has entries.
 *
 * @throws RangeError otherwise.
 */
export function checkFeeds(inputs: Program["inputs"], feeds: Readonly<Record<string, Numbers>>): void {
  for (const [name, { shape }] of inputs) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const length = feeds[name]?.length;
    if (length !== size) throw new RangeError(`"${name}" takes ${size} numbers of shape [${shape.join(", ")}]; got ${length ?? "none"}`);
  }
}
