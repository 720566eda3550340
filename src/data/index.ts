import { catalogue } from "../parts/index.ts";
import { cifar10 } from "./cifar10.ts";
import { cifar100 } from "./cifar100.ts";
import type { DataSource } from "./data-source.ts";
import { folder } from "./folder.ts";
import { gaussian } from "./gaussian-vectors.ts";
import { mnist } from "./mnist.ts";
import { shapes } from "./shapes.ts";

/**
 * The catalogue of data sets. `build` returns a source; opening the source needs the files that it
 * reads, if any. In Node, `openDataset` of "gradleak/node" does both.
 *
 * @example
 * ```ts
 * import { datasets, noFiles } from "gradleak";
 *
 * const shapes = await datasets.build("shapes").open("test", noFiles);
 * const { image, label } = shapes.example(7);
 * ```
 */
export const datasets = catalogue<DataSource>("data set", [cifar10, cifar100, folder, gaussian, mnist, shapes]);

export { cifar10Set } from "./cifar10.ts";
export { type DataFile, type DataFiles, type ImageFile, type ImageFolder, noFiles } from "./data-files.ts";
export type { DataSource } from "./data-source.ts";
export type { Dataset, Example } from "./dataset.ts";
export { decodeImage, isImageName } from "./decode-image.ts";
export { type GaussianSet, gaussianSet } from "./gaussian-vectors.ts";
export { mnistSet } from "./mnist.ts";
export { type DataPackage, type OfficialFiles, pathsOf } from "./official-files.ts";
export { remembering } from "./remembering.ts";
export { fitImage } from "./resize.ts";
export { shapesSet } from "./shapes.ts";
export { otherSplit, type Split, splits } from "./split.ts";
