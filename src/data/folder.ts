import { z } from "zod";
import { LeakageError } from "../errors.ts";
import type { JpegDecoder } from "../formats/index.ts";
import { part } from "../parts/index.ts";
import type { ImageFile, ImageFolder } from "./data-files.ts";
import type { DataSource } from "./data-source.ts";
import type { Dataset } from "./dataset.ts";
import { decodeImage } from "./decode-image.ts";
import { requireIndex } from "./examples.ts";
import { fitImage, type Resize, resizes } from "./resize.ts";
import type { Split } from "./split.ts";

const extent = z.int().min(1).max(4096);

/** The catalogue entry of a folder of images. */
export const folder = part({
  kind: "folder",
  doc: "Your own PNG and JPEG files in a folder. Subfolders name the classes; subfolders named train and test are the two splits.",
  params: {
    size: z.tuple([extent, extent]).default([32, 32]).describe("Height and width that every image must have or is resized to, in pixels."),
    resize: z
      .enum(resizes)
      .default("center-area")
      .describe("What to do with an image of another size: error refuses it; center-area crops it to its center and averages areas."),
  },
  build: ({ size, resize }): DataSource<Dataset["shape"]> => ({
    reads: "folder",
    open: async (split, files) => folderSet({ ...(await files.folder()), split, jpeg: await files.jpeg(), size, resize }),
  }),
});

/** Options that turn a folder of images into a data set. */
interface FolderOptions extends ImageFolder {
  readonly split: Split;
  readonly jpeg: JpegDecoder;
  /** Height and width of every image of the data set. */
  readonly size: readonly [number, number];
  /** See `fitImage`. */
  readonly resize: Resize;
}

/**
 * A folder of PNG and JPEG images as a color data set, sorted by path. The first subfolder in an
 * image's path names its class; a folder without subfolders is one class. If the top-level
 * subfolders are exactly `train` and `test`, they are the two splits, and the classes are one level
 * below. Otherwise each split holds all images. Images are decoded on demand. Their statistics are
 * unknown, so the mean is 0 and the standard deviation 1: model space is pixel space.
 *
 * @throws LeakageError `file` for a folder without images, and for one that has images both inside
 * and outside subfolders.
 */
function folderSet({ source, split, images, jpeg, size: [height, width], resize }: FolderOptions): Dataset {
  const sorted = images.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const divided = [...new Set(sorted.map(({ path }) => top(path)))].join() === "test,train";
  const inside = ({ path }: ImageFile) => (divided ? path.slice(top(path).length + 1) : path);
  const files = divided ? sorted.filter(({ path }) => top(path) === split) : sorted;
  if (files.length === 0) throw new LeakageError("file", `${source} has no PNG or JPEG images.`);
  const classOf = (file: ImageFile) => top(inside(file));
  // The class names of both splits, so that a label means the same in each.
  const names = [...new Set(sorted.map(inside).toSorted().map(top))];
  if (names.length > 1 && names.includes(""))
    throw new LeakageError(
      "file",
      `${source} has images both inside and outside subfolders (${sorted.find((file) => classOf(file) === "")!.path}); a subfolder names the class of its images.`,
    );
  return {
    kind: "folder",
    split,
    shape: [3, height, width],
    classes: names[0] === "" ? ["image"] : names,
    size: files.length,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    ...(divided ? {} : { whole: true }),
    notes: [
      ...(divided ? [`The folder has the splits train and test; this is ${split}.`] : []),
      resize === "error"
        ? `Images have ${width} x ${height} pixels.`
        : `Images of a size other than ${width} x ${height} were cropped to the center and averaged over areas (resize=center-area).`,
    ],
    example(index) {
      requireIndex(index, files.length, source);
      const file = files[index]!;
      return {
        index,
        image: fitImage(decodeImage(file.read(), file.source, jpeg), [3, height, width], resize, file.source),
        label: names.indexOf(classOf(file)),
      };
    },
  };
}

/** The first folder of a path, or an empty string if the path has none. */
const top = (path: string): string => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");
