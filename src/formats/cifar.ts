import { LeakageError } from "../errors.ts";

/** Bytes of an image: the red plane of 32 × 32, then green, then blue. */
const pixels = 3 * 32 * 32;
/** Bytes of a record: the label, then the image. */
export const cifarRecord = 1 + pixels;

/** A batch file of CIFAR-10. Images are views into the file. */
export interface CifarBatch {
  readonly size: number;
  /** Class of an image, 0 … 9. */
  label(index: number): number;
  /** Planes of an image, [3, 32, 32]. */
  image(index: number): Uint8Array;
}

/**
 * Reads a batch file of the official binary version of CIFAR-10.
 *
 * @throws LeakageError `file` for a truncated record or a label above 9.
 */
export function readCifar(bytes: Uint8Array, source: string): CifarBatch {
  const size = bytes.length / cifarRecord;
  if (!Number.isInteger(size) || size === 0)
    throw new LeakageError(
      "file",
      `${source}: a CIFAR-10 batch must have records of ${cifarRecord} bytes, but the file has ${bytes.length} bytes (truncated?)`,
    );
  const label = (index: number) => bytes[index * cifarRecord]!;
  for (let i = 0; i < size; i++)
    if (label(i) > 9) throw new LeakageError("file", `${source}: labels must be 0 to 9, but image ${i} has label ${label(i)}`);
  return { size, label, image: (index) => bytes.subarray(index * cifarRecord + 1, (index + 1) * cifarRecord) };
}

/**
 * Writes a batch file of the official binary version from labels and images ([3, 32, 32] each,
 * concatenated).
 */
export function writeCifar(labels: ArrayLike<number>, images: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(labels.length * cifarRecord);
  for (let i = 0; i < labels.length; i++) {
    bytes[i * cifarRecord] = labels[i]!;
    bytes.set(images.subarray(i * pixels, (i + 1) * pixels), i * cifarRecord + 1);
  }
  return bytes;
}
