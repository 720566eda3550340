export { cifar10, cifar10Files } from "./cifar10.ts";
export type { Dataset, Example } from "./dataset.ts";
export type { DataFile } from "./file.ts";
export { folder } from "./folder.ts";
export { mnist, mnistFiles } from "./mnist.ts";
export { type DataPackage, dataPackages } from "./packages.ts";
export { isPictureName, readPictureFile } from "./picture-file.ts";
export { fitPicture, type Resize } from "./resize.ts";
export { shapes } from "./shapes.ts";
