import { Inflate } from "fflate";
import { LeakageError } from "../errors.ts";
import { crc32 } from "./crc32.ts";

/**
 * A 64 KiB slice of deflate data inflates to at most 66 MB, so a bomb is noticed before it fills
 * the memory.
 */
const slice = 65_536;

/**
 * Inflates raw deflate data that must come to exactly `size` bytes, and stops as soon as there are
 * more.
 *
 * @param what the name of the data in errors ("a.npz: entry w.npy").
 * @throws LeakageError `file` for invalid data or another size.
 */
export function inflate(deflated: Uint8Array, size: number, what: string): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  const stream = new Inflate((chunk) => {
    chunks.push(chunk);
    total += chunk.length;
  });
  const refuse = (why: string, cause?: unknown): never => {
    throw new LeakageError("file", `${what} ${why}`, { cause });
  };
  let silent = 0;
  for (let begin = 0; begin === 0 || begin < deflated.length; begin += slice) {
    const before = total;
    try {
      stream.push(deflated.subarray(begin, begin + slice), begin + slice >= deflated.length);
    } catch (cause) {
      refuse(`is not valid deflate data (${cause instanceof Error ? cause.message : cause})`, cause);
    }
    if (total > size) refuse(`inflates to more than the ${size} bytes that it should have`);
    // A stored block needs two slices at most; a stream that yields nothing for longer has ended.
    silent = total === before ? silent + 1 : 0;
    if (silent > 2) refuse("has more compressed data after its end");
  }
  if (total !== size) refuse(`inflates to ${total} bytes instead of ${size}`);
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** Whether the bytes begin as gzip (RFC 1952) with deflate inside. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;

/**
 * Unpacks a gzip file with a single member that comes to at most `limit` bytes. Its length and
 * checksum must match.
 *
 * @throws LeakageError `file` for an invalid or a larger file.
 */
export function gunzip(bytes: Uint8Array, source: string, limit: number): Uint8Array {
  const refuse = (why: string): never => {
    throw new LeakageError("file", `${source} is not a valid gzip file: ${why}`);
  };
  if (!isGzip(bytes) || bytes.length < 18) refuse("it has no gzip header");
  const flags = bytes[3]!;
  let begin = 10;
  if (flags & 4) begin += 2 + (bytes[10]! | (bytes[11]! << 8));
  for (const text of [8, 16]) if (flags & text) while (begin < bytes.length && bytes[begin++] !== 0);
  if (flags & 2) begin += 2;
  const end = bytes.length - 8;
  if (begin > end) refuse("it ends inside its header");
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end);
  const size = trailer.getUint32(4, true);
  if (size > limit) refuse(`it claims to hold ${size} bytes; at most ${limit} are allowed`);
  const whole = inflate(bytes.subarray(begin, end), size, source);
  if (crc32(whole) !== trailer.getUint32(0, true)) refuse("its checksum does not match its contents");
  return whole;
}
