import { z } from "zod";
import { LeakageError } from "../errors.ts";
import type { JpegDecoder } from "../formats/index.ts";
import { part } from "../parts/index.ts";
import type { PictureFile, PictureFolder } from "./data-files.ts";
import type { DataSource } from "./data-source.ts";
import type { Dataset } from "./dataset.ts";
import { requireIndex } from "./examples.ts";
import { readPictureFile } from "./picture-file.ts";
import { fitPicture, type Resize, resizes } from "./resize.ts";
import type { Split } from "./split.ts";

const extent = z.int().min(1).max(4096);

/** A folder of pictures as a part of the catalogue. */
export const folder = part({
  kind: "folder",
  doc: "Your own PNG and JPEG files in a folder. Subfolders name the classes; subfolders train and test are the two splits.",
  params: {
    size: z.tuple([extent, extent]).default([32, 32]).describe("Height and width that the pictures are brought to, in pixels."),
    resize: z
      .enum(resizes)
      .default("center-area")
      .describe("What happens to a picture of another size: it is refused, or its center is cut out and averaged over areas."),
  },
  build: ({ size, resize }): DataSource<Dataset["shape"]> => ({
    reads: "folder",
    open: async (split, files) => folderSet({ ...(await files.folder()), split, jpeg: await files.jpeg(), size, resize }),
  }),
});

/** What makes a folder of pictures a data set. */
interface FolderOptions extends PictureFolder {
  readonly split: Split;
  readonly jpeg: JpegDecoder;
  /** Height and width of the data set. */
  readonly size: readonly [number, number];
  /** See `fitPicture`. */
  readonly resize: Resize;
}

/**
 * A folder of PNG and JPEG pictures as a data set in color, ordered by path. The first subfolder of
 * a picture names its class; pictures without subfolders are one class. Where the subfolders are
 * exactly `train` and `test`, they are the two splits, and classes are inside; otherwise each split
 * has all pictures. Pictures are decoded when they are asked for. Nothing is known about them in
 * advance, so the mean is 0 and the standard deviation 1: model space is pixel space.
 *
 * @throws LeakageError `file` for a folder without pictures, and for one that has pictures both in
 * subfolders and beside them.
 */
function folderSet({ source, split, pictures, jpeg, size: [height, width], resize }: FolderOptions): Dataset {
  const sorted = pictures.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const divided = [...new Set(sorted.map(({ path }) => top(path)))].join() === "test,train";
  const inside = ({ path }: PictureFile) => (divided ? path.slice(top(path).length + 1) : path);
  const files = divided ? sorted.filter(({ path }) => top(path) === split) : sorted;
  if (files.length === 0) throw new LeakageError("file", `${source} has no PNG or JPEG pictures`);
  const classOf = (file: PictureFile) => top(inside(file));
  // Of both splits, so that a label means the same in each.
  const names = [...new Set(sorted.map(inside).toSorted().map(top))];
  if (names.length > 1 && names.includes(""))
    throw new LeakageError(
      "file",
      `${source} has pictures both in subfolders and beside them (${sorted.find((file) => classOf(file) === "")!.path}); a subfolder names the class of its pictures`,
    );
  return {
    kind: "folder",
    split,
    shape: [3, height, width],
    classes: names[0] === "" ? ["picture"] : names,
    size: files.length,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    ...(divided ? {} : { whole: true }),
    notes: [
      ...(divided ? [`Of the folder's two parts, train and test, this is ${split}.`] : []),
      resize === "error"
        ? `Pictures have ${width} x ${height} pixels.`
        : `Pictures of another size than ${width} x ${height} were cut to the center and averaged over areas (resize=center-area).`,
    ],
    example(index) {
      requireIndex(index, files.length, source);
      const file = files[index]!;
      return {
        index,
        image: fitPicture(readPictureFile(file.read(), file.source, jpeg), [3, height, width], resize, file.source),
        label: names.indexOf(classOf(file)),
      };
    },
  };
}

/** The first folder of a path, or nothing where there is none. */
const top = (path: string): string => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");
