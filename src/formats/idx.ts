import { LeakageError } from "../errors.ts";
import { gunzip, isGzip } from "./inflate.ts";
import { entryCount } from "./named-array.ts";

/** An IDX file unpacks to at most 1 GiB. */
const maxUnpacked = 2 ** 30;

/** Bytes with a shape, in C order. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes (the format of MNIST), plain or gzipped.
 *
 * @throws LeakageError `file` for other types, and for a file whose length is not what its header
 * says.
 */
export function readIdx(bytes: Uint8Array, source: string): IdxArray {
  const plain = isGzip(bytes) ? gunzip(bytes, source, maxUnpacked) : bytes;
  const refuse = (why: string): never => {
    throw new LeakageError("file", `${source} is not a valid IDX file: ${why}`);
  };
  const [zero, nothing, type, dimensions] = plain;
  if (dimensions === undefined || zero !== 0 || nothing !== 0)
    return refuse("it must begin with two zero bytes, a type and a number of dimensions");
  if (type !== 8) refuse(`it has type 0x${type!.toString(16).padStart(2, "0")}; 0x08 (unsigned bytes) can be read`);
  const begin = 4 + 4 * dimensions;
  if (dimensions === 0 || plain.length < begin)
    refuse(`its header for ${dimensions} dimensions takes ${begin} bytes, but the file has ${plain.length}`);
  const view = new DataView(plain.buffer, plain.byteOffset);
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(4 + 4 * axis));
  const data = plain.subarray(begin);
  if (data.length !== entryCount(shape))
    refuse(`shape [${shape.join(", ")}] takes ${entryCount(shape)} bytes, but ${data.length} follow the header`);
  return { shape, data };
}

/** Writes an IDX file of unsigned bytes. */
export function writeIdx({ shape, data }: IdxArray): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 8, shape.length]);
  for (const [axis, extent] of shape.entries()) view.setUint32(4 + 4 * axis, extent);
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}
