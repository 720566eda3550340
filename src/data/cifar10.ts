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

/** CIFAR-10 as a part of the catalogue. */
export const cifar10 = part({
  kind: "cifar10",
  doc: "CIFAR-10: photographs of ten kinds of things, 32×32 in color. Fetch it with gradleak data fetch cifar10, or bring its official files.",
  params: {},
  build: (): DataSource<Dataset["shape"]> => ({
    reads: officialCifar10,
    async open(split, files) {
      const batches: DataFile[] = [];
      // One by one, so that the first of several missing files is named.
      for (const name of cifar10Files[split]) batches.push(await files.official(officialCifar10, name));
      return cifar10Set(split, batches);
    },
  }),
});

/**
 * CIFAR-10 (Krizhevsky 2009) from its official binary files, in the order of `cifar10Files`: 32 x
 * 32 in color, 10 classes. A file is read when its first picture is asked for. Mean and standard
 * deviation are those of the networks that this package reproduces
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
