import { part } from "../parts/index.ts";
import { cifarSet } from "./cifar-set.ts";
import { cifar10Files, officialCifar10 } from "./cifar10-files.ts";
import { type DataFile, officialOnes } from "./data-files.ts";
import type { DataSource } from "./data-source.ts";
import type { Dataset } from "./dataset.ts";
import type { Split } from "./split.ts";

/** The catalogue entry of CIFAR-10. */
export const cifar10 = part({
  kind: "cifar10",
  doc: "CIFAR-10: 32×32 color photographs in ten classes. Fetch it with gradleak data fetch cifar10, or bring its official files.",
  params: {},
  build: (): DataSource<Dataset["shape"]> => ({
    reads: officialCifar10,
    open: async (split, files) => cifar10Set(split, await officialOnes(files, officialCifar10, cifar10Files[split])),
  }),
});

/**
 * CIFAR-10 (Krizhevsky 2009) from its official binary files, in the order of `cifar10Files`: 32 ×
 * 32 color images in 10 classes. Each file is read when one of its images is first asked for. Mean
 * and standard deviation are the ones that the reproduced networks use
 * (github.com/JonasGeiping/invertinggradients, consts.py).
 */
export const cifar10Set = (split: Split, files: readonly DataFile[]): Dataset =>
  cifarSet(
    {
      kind: "cifar10",
      title: "CIFAR-10",
      labels: [10],
      perFile: 10_000,
      classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
      mean: [0.49147, 0.48226, 0.44677],
      std: [0.24703, 0.24349, 0.26159],
    },
    split,
    files,
  );
