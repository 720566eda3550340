import { LeakageError } from "../errors.ts";
import { type CifarBatch, cifarRecord, readCifar } from "../formats/index.ts";
import { part } from "../parts/index.ts";
import { cifar10Files, officialCifar10 } from "./cifar10-files.ts";
import type { DataFile } from "./data-files.ts";
import type { DataSource } from "./data-source.ts";
import type { Dataset } from "./dataset.ts";
import { requireIndex, toPixels } from "./examples.ts";
import type { Split } from "./split.ts";

const perBatch = 10_000;

/** The catalogue entry of CIFAR-10. */
export const cifar10 = part({
  kind: "cifar10",
  doc: "CIFAR-10: 32×32 color photographs in ten classes. Fetch it with gradleak data fetch cifar10, or bring its official files.",
  params: {},
  build: (): DataSource<Dataset["shape"]> => ({
    reads: officialCifar10,
    async open(split, files) {
      const batches: DataFile[] = [];
      // Opened one by one, so that the error names the first of several missing files.
      for (const name of cifar10Files[split]) batches.push(await files.official(officialCifar10, name));
      return cifar10Set(split, batches);
    },
  }),
});

/**
 * CIFAR-10 (Krizhevsky 2009) from its official binary files, in the order of `cifar10Files`: 32 ×
 * 32 color images in 10 classes. Each file is read when one of its images is first asked for. Mean
 * and standard deviation are the ones that the reproduced networks use
 * (github.com/JonasGeiping/invertinggradients, consts.py).
 */
export function cifar10Set(split: Split, files: readonly DataFile[]): Dataset {
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
        `${source}: a file of CIFAR-10 must have ${perBatch * cifarRecord} bytes (${perBatch} images), but has ${fresh.size} images`,
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
      const records = batch(Math.floor(index / perBatch));
      return { index, image: toPixels(records.image(index % perBatch)), label: records.label(index % perBatch) };
    },
  };
}
