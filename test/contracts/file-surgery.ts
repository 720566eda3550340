import { crc32 } from "../../src/formats/crc32.ts";

/** A PNG chunk with its length and checksum. */
export function pngChunk(type: string, content: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + content.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, content.length);
  chunk.set(new TextEncoder().encode(type), 4);
  chunk.set(content, 8);
  view.setUint32(8 + content.length, crc32(chunk.subarray(4, 8 + content.length)));
  return chunk;
}

/** Makes the checksums of all PNG chunks right again, as far as the chunks can be followed. */
export function withRightChecksums(png: Uint8Array): Uint8Array {
  const repaired = new Uint8Array(png);
  const view = new DataView(repaired.buffer);
  for (let at = 8; at + 12 <= repaired.length; ) {
    const next = at + 12 + view.getUint32(at);
    if (next <= repaired.length) view.setUint32(next - 4, crc32(repaired.subarray(at + 4, next - 4)));
    at = next;
  }
  return repaired;
}
