import { LeakageError } from "../errors.ts";
import { type CifarBatch, cifarRecord, readCifar } from "../formats/index.ts";
import type { Dataset } from "./dataset.ts";
import { requireIndex, toPixels } from "./examples.ts";
import type { DataFile } from "./file.ts";

/** The official binary files of each split, in order; 10000 pictures each. */
export const cifar10Files = {
  train: ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
  test: ["test_batch.bin"],
} as const;

const perBatch = 10_000;

/**
 * CIFAR-10 (Krizhevsky 2009) from its official binary files, in the order of `cifar10Files`: 32 x 32 in color, 10 classes. A file is read when its first picture is
 * asked for. Mean and standard deviation are those of the networks that this package reproduces (github.com/JonasGeiping/invertinggradients, consts.py).
 */
export function cifar10(split: "train" | "test", files: readonly DataFile[]): Dataset {
  const size = perBatch * files.length;
  const loaded = new Map<number, CifarBatch>();
  const batch = (number: number): CifarBatch => {
    const known = loaded.get(number);
    if (known) return known;
    const { source, read } = files[number]!;
    const fresh = readCifar(read(), source);
    if (fresh.size !== perBatch)
      throw new LeakageError(
        "file",
        `${source}: a file of CIFAR-10 must have ${perBatch * cifarRecord} bytes (${perBatch} pictures), and has ${fresh.size} pictures`,
      );
    loaded.set(number, fresh);
    return fresh;
  };
  return {
    kind: "cifar10",
    split,
    shape: [3, 32, 32],
    classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    size,
    mean: [0.49147, 0.48226, 0.44677],
    std: [0.24703, 0.24349, 0.26159],
    notes: [],
    example(index) {
      requireIndex(index, size, `The ${split} split of CIFAR-10`);
      const pictures = batch(Math.floor(index / perBatch));
      return { index, image: toPixels(pictures.picture(index % perBatch)), label: pictures.label(index % perBatch) };
    },
  };
}
