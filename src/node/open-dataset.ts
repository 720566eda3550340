import { type Dataset, datasets, type Split } from "../data/index.ts";
import type { PartSpec } from "../parts/index.ts";
import { type DataPlace, filesOnDisk } from "./files-on-disk.ts";

/**
 * Opens one split of a data set from this machine's disk.
 *
 * @param set an entry of the catalogue `datasets`: its kind, flag text such as `folder:size=64/64`,
 * or `{ kind, ...params }`.
 * @throws LeakageError `spec` for a set or a parameter that does not exist, `file` for missing or
 * damaged files.
 * @example
 * ```ts
 * import { openDataset } from "gradleak/node";
 *
 * const photographs = await openDataset("folder:size=64/64", "test", { path: "photographs" });
 * console.log(photographs.size, photographs.example(0).image.length);
 * ```
 */
export async function openDataset(set: string | PartSpec, split: Split, place: DataPlace = {}): Promise<Dataset<readonly number[]>> {
  return datasets.build(set).open(split, filesOnDisk(place));
}
