import { LeakageError } from "../errors.ts";
import { readIdx } from "../formats/index.ts";
import { part } from "../parts/index.ts";
import type { DataFile } from "./data-files.ts";
import type { DataSource } from "./data-source.ts";
import type { Dataset } from "./dataset.ts";
import { requireIndex, toPixels } from "./examples.ts";
import { mnistFiles, officialMnist } from "./mnist-files.ts";
import type { Split } from "./split.ts";

const side = 28;

/** The catalogue entry of MNIST. */
export const mnist = part({
  kind: "mnist",
  doc: "MNIST: 28×28 gray images of handwritten digits. Fetch it with gradleak data fetch mnist, or bring its official files.",
  params: {},
  build: (): DataSource<Dataset["shape"]> => ({
    reads: officialMnist,
    async open(split, files) {
      const [images, labels] = mnistFiles[split];
      return mnistSet(split, await files.official(officialMnist, images), await files.official(officialMnist, labels));
    },
  }),
});

/**
 * MNIST (LeCun, Cortes, Burges) from its official IDX files, plain or gzipped: 28 × 28 gray images
 * in 10 classes. The mean 0.1307 and the standard deviation 0.3081 are those of PyTorch's MNIST
 * example.
 *
 * @throws LeakageError `file` for images of another shape, or labels that do not fit them.
 */
export function mnistSet(split: Split, imageFile: DataFile, labelFile: DataFile): Dataset {
  const images = readIdx(imageFile.read(), imageFile.source);
  const classes = readIdx(labelFile.read(), labelFile.source);
  const [size = 0, ...extents] = images.shape;
  if (images.shape.length !== 3 || size === 0 || extents.some((extent) => extent !== side))
    throw new LeakageError(
      "file",
      `${imageFile.source}: MNIST images must have shape [n, ${side}, ${side}], but these have [${images.shape.join(", ")}]`,
    );
  if (classes.shape.length !== 1 || classes.shape[0] !== size)
    throw new LeakageError(
      "file",
      `${labelFile.source}: ${size} images need labels of shape [${size}], but these have [${classes.shape.join(", ")}]`,
    );
  const wrong = classes.data.findIndex((label) => label > 9);
  if (wrong >= 0)
    throw new LeakageError("file", `${labelFile.source}: labels must be 0 to 9, but image ${wrong} has label ${classes.data[wrong]}`);
  return {
    kind: "mnist",
    split,
    shape: [1, side, side],
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    size,
    mean: [0.1307],
    std: [0.3081],
    notes: [],
    example(index) {
      requireIndex(index, size, `The ${split} split of MNIST`);
      return { index, image: toPixels(images.data.subarray(index * side ** 2, (index + 1) * side ** 2)), label: classes.data[index]! };
    },
  };
}
