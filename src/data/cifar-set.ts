import { LeakageError } from "../errors.ts";
import { type CifarBatch, cifarRecord, readCifar } from "../formats/index.ts";
import type { DataFile } from "./data-files.ts";
import type { Dataset } from "./dataset.ts";
import { requireIndex, toPixels } from "./examples.ts";
import type { Split } from "./split.ts";

/** What one of the CIFAR data sets is. */
interface CifarSet extends Pick<Dataset, "kind" | "classes" | "mean" | "std"> {
  /** The name of the data set in errors. */
  readonly title: string;
  /** The number of classes of each label byte of a record; the last one is the label. */
  readonly labels: readonly number[];
  /** The number of images in each file. */
  readonly perFile: number;
}

/**
 * One split of a CIFAR data set from its official binary files, in order: 32 × 32 color images.
 * Each file is read when one of its images is first asked for.
 */
export function cifarSet({ title, labels, perFile, ...named }: CifarSet, split: Split, files: readonly DataFile[]): Dataset {
  const loaded = new Map<number, CifarBatch>();
  const batch = (number: number): CifarBatch => {
    const known = loaded.get(number);
    if (known) return known;
    const { source, read } = files[number]!;
    const fresh = readCifar(read(), source, labels);
    if (fresh.size !== perFile)
      throw new LeakageError(
        "file",
        `${source}: a file of ${title} must have ${perFile * cifarRecord(labels)} bytes (${perFile} images), but has ${fresh.size} images`,
      );
    loaded.set(number, fresh);
    return fresh;
  };
  const size = perFile * files.length;
  return {
    ...named,
    split,
    shape: [3, 32, 32],
    size,
    notes: [],
    example(index) {
      requireIndex(index, size, `The ${split} split of ${title}`);
      const records = batch(Math.floor(index / perFile));
      return { index, image: toPixels(records.image(index % perFile)), label: records.label(index % perFile) };
    },
  };
}
