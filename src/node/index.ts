/** The part of Gradleak that reads and writes the disk: the entry point "gradleak/node". */

export { type Fetched, type FetchOptions, fetchDataset } from "./fetch-dataset.ts";
export { type DataPlace, filesOnDisk } from "./files-on-disk.ts";
export { openDataset } from "./open-dataset.ts";
export { readImage } from "./read-image.ts";
export { readTensors } from "./read-tensors.ts";
export { sourcesOnDisk } from "./sources.ts";
