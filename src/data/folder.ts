import { LeakageError } from "../errors.ts";
import type { JpegDecoder } from "../formats/index.ts";
import type { Dataset } from "./dataset.ts";
import { requireIndex } from "./examples.ts";
import type { DataFile } from "./file.ts";
import { readPictureFile } from "./picture-file.ts";
import { fitPicture, type Resize } from "./resize.ts";

/** A picture of a folder. */
interface PictureFile extends DataFile {
  /** Its path inside the folder, parts joined by "/". */
  readonly path: string;
}

/** What a folder of pictures becomes a data set by. */
export interface FolderOptions {
  /** How errors name the folder. */
  readonly source: string;
  readonly split: "train" | "test";
  readonly pictures: readonly PictureFile[];
  readonly jpeg: JpegDecoder;
  /** Height and width of the data set; 32 x 32 by default. */
  readonly size?: readonly [number, number];
  /** "center-area" by default; see `fitPicture`. */
  readonly resize?: Resize;
}

/**
 * A folder of PNG and JPEG pictures as a data set in color, ordered by path. The first subfolder of a picture names its class; pictures without subfolders are one
 * class. Where the subfolders are `train` and `test` and nothing lies beside them, they are the two splits, and classes are inside; else all pictures are of either split. Pictures are decoded when they are asked for. Mean 0 and standard deviation 1, since nothing is known about the pictures: model space is pixel space.
 *
 * @throws LeakageError `file` for a folder without pictures, and for one that has pictures both in subfolders and beside them.
 */
export function folder({ source, split, pictures, jpeg, size = [32, 32], resize = "center-area" }: FolderOptions): Dataset {
  const [height, width] = size;
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
