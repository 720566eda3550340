import { LeakageError } from "../errors.ts";

/** Bytes of an image: the red plane of 32 × 32, then green, then blue. */
const pixels = 3 * 32 * 32;
/**
 * Bytes of a record: a byte for each label, then the image.
 *
 * @param labels the number of classes of each label.
 */
export const cifarRecord = (labels: readonly number[]): number => labels.length + pixels;

/** A batch file of CIFAR-10 or CIFAR-100. Images are views into the file. */
export interface CifarBatch {
  readonly size: number;
  /** Class of an image, counted from 0. */
  label(index: number): number;
  /** Planes of an image, [3, 32, 32]. */
  image(index: number): Uint8Array;
}

/**
 * Reads a batch file of the official binary version of CIFAR-10 or CIFAR-100.
 *
 * @param labels the number of classes of each label byte; the last one is the label. CIFAR-10 has
 * one, CIFAR-100 a coarse one of 20 classes and a fine one of 100.
 * @throws LeakageError `file` for a truncated record or a label that is no class.
 */
export function readCifar(bytes: Uint8Array, source: string, labels: readonly number[] = [10]): CifarBatch {
  const record = cifarRecord(labels);
  const size = bytes.length / record;
  if (!Number.isInteger(size) || size === 0)
    throw new LeakageError(
      "file",
      `${source}: a CIFAR-${labels.at(-1)} batch must have records of ${record} bytes, but the file has ${bytes.length} bytes (truncated?)`,
    );
  for (let i = 0; i < size; i++)
    for (const [place, classes] of labels.entries()) {
      const own = bytes[i * record + place]!;
      if (own >= classes) throw new LeakageError("file", `${source}: labels must be 0 to ${classes - 1}, but image ${i} has label ${own}`);
    }
  return {
    size,
    label: (index) => bytes[index * record + labels.length - 1]!,
    image: (index) => bytes.subarray(index * record + labels.length, (index + 1) * record),
  };
}

/**
 * Writes a batch file of the official binary version of CIFAR-10 from labels and images ([3, 32, 32] each,
 * concatenated).
 */
export function writeCifar(labels: ArrayLike<number>, images: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(labels.length * (1 + pixels));
  for (let i = 0; i < labels.length; i++) {
    bytes[i * (1 + pixels)] = labels[i]!;
    bytes.set(images.subarray(i * pixels, (i + 1) * pixels), i * (1 + pixels) + 1);
  }
  return bytes;
}
