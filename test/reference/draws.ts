import { type Shape, sizeOf } from "../../src/graph/index.ts";
import { fillUniform, foldIn, type KeyBits } from "../../src/random/index.ts";

/** u(i): the uniforms of the key folded with i, in [0, 1). */
export function uniforms(key: KeyBits, index: number, count: number): Float64Array {
  const out = new Float64Array(count);
  fillUniform(foldIn(key, index), out);
  return out;
}

/** spread(i, center, bound) = float32(center + bound · (2·u(i) − 1)); see README.md. */
export const spread = (key: KeyBits, index: number, shape: Shape, bound: number, center = 0): Float32Array =>
  Float32Array.from(uniforms(key, index, sizeOf(shape)), (u) => center + bound * (2 * u - 1));
