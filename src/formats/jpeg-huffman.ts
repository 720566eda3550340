/** The codes of a JPEG file: for each length, the first code that is too large, and where its values begin. */
export interface HuffmanTable {
  /** For codes of at most 8 bits, by the next 8 bits: length · 256 + value; 0 for longer codes. */
  readonly fast: Uint16Array;
  /** By length, one more than the largest code; −1 if there are no codes of this length. */
  readonly above: Int32Array;
  /** By length, what turns a code into a position among the values. */
  readonly offset: Int32Array;
  readonly values: Uint8Array;
}

/**
 * Makes a table of canonical codes.
 *
 * @param counts the number of codes of each length from 1 to 16.
 * @returns undefined if there are more codes than their lengths allow.
 */
export function huffmanTable(counts: Uint8Array, values: Uint8Array): HuffmanTable | undefined {
  const fast = new Uint16Array(256);
  const [above, offset] = [new Int32Array(17).fill(-1), new Int32Array(17)];
  let [code, place] = [0, 0];
  for (let length = 1; length <= 16; length++, code <<= 1) {
    const count = counts[length - 1]!;
    offset[length] = place - code;
    for (let i = 0; i < count; i++, code++, place++) {
      if (code >= 1 << length) return undefined;
      if (length > 8) continue;
      fast.fill((length << 8) | values[place]!, code << (8 - length), (code + 1) << (8 - length));
    }
    if (count > 0) above[length] = code;
  }
  return { fast, above, offset, values };
}
