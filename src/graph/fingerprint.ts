import { describe } from "./describe.ts";
import { topological } from "./differentiate.ts";
import type { Tensor } from "./tensor.ts";

/** One step of MurmurHash3: every bit of a word changes about half of the bits of the hash. */
function mix(hash: number, word: number, first: number, second: number): number {
  let k = Math.imul(word, first);
  k = Math.imul((k << 15) | (k >>> 17), second);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** A 64-bit hash of the content of an array. */
function digest(view: ArrayBufferView): string {
  const words = new Uint32Array(view.buffer, view.byteOffset, view.byteLength / 4);
  let a = 1;
  let b = 2;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    a = mix(a, word, 0xcc9e2d51, 0x1b873593);
    b = mix(b, word, 0x239b961b, 0xab0e9789);
  }
  return `${view.constructor.name}#${words.length}:${a >>> 0}:${b >>> 0}`;
}

/**
 * A text that is equal for two lists of expressions if they compute the same from the same
 * constants: the operations, their attributes, and 64 bits of the content of every large constant,
 * read again at each call. Functions are identified by the name next to them in the attributes,
 * such as that of a sampler.
 */
export function fingerprint(outputs: readonly Tensor[]): string {
  const places = new Map<Tensor, number>();
  const lines = topological(outputs).map((tensor) => {
    places.set(tensor, places.size);
    const attributes = describe(tensor.attributes, (value) => (ArrayBuffer.isView(value) ? digest(value) : "function"));
    return `${tensor.kind}${attributes}(${tensor.inputs.map((source) => places.get(source))})`;
  });
  return `${lines.join("\n")}\n${outputs.map((tensor) => places.get(tensor))}`;
}
