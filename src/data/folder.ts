import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { part } from "../parts/index.ts";
import type { ImageFile, ImageFolder } from "./data-files.ts";
import type { DataSource } from "./data-source.ts";
import type { Dataset } from "./dataset.ts";
import { decodeImage, toGray } from "./decode-image.ts";
import { requireIndex } from "./examples.ts";
import { classNames, inside, type Layout, layoutOf, top } from "./folder-layout.ts";
import { leftOut, withoutImages } from "./other-files.ts";
import { fitImage, type Resize, resizes } from "./resize.ts";
import type { Split } from "./split.ts";

const extent = z.int().min(1).max(4096);

/** The catalogue entry of a folder of images. */
export const folder = part({
  kind: "folder",
  doc: "Your own PNG and JPEG files in a folder. Subfolders name the classes; subfolders named train, val and test are splits.",
  params: {
    size: z.tuple([extent, extent]).default([32, 32]).describe("Height and width that every image must have or is resized to, in pixels."),
    resize: z
      .enum(resizes)
      .default("center-area")
      .describe("What to do with an image of another size: error refuses it; center-area crops it to its center and averages areas."),
    channels: z.literal([1, 3]).default(3).describe("The channels of every image: 3 for color, 1 for gray."),
    classes: z
      .int()
      .min(2)
      .max(65_536)
      .nullable()
      .default(null)
      .describe("The number of classes of the network, if it is larger than the number of subfolders. none takes one per subfolder."),
  },
  build: ({ size, resize, channels, classes }): DataSource<Dataset["shape"]> => ({
    reads: "folder",
    open: async (split, files) => folderSet({ ...(await files.folder()), split, size, resize, channels, count: classes }),
  }),
});

/** Options that turn a folder of images into a data set. */
interface FolderOptions extends ImageFolder {
  readonly split: Split;
  /** Height and width of every image of the data set. */
  readonly size: readonly [number, number];
  /** See `fitImage`. */
  readonly resize: Resize;
  readonly channels: 1 | 3;
  /** The number of classes, or null for one per subfolder. */
  readonly count: number | null;
}

/**
 * A folder of PNG and JPEG images as a data set, sorted by path. The first subfolder in an image's
 * path names its class. A class without images keeps its number. If the top-level subfolders are
 * splits (see `layoutOf`), the classes are one level below. Otherwise each split holds all images.
 * A folder without subfolders is one class, and all of its images have label 0. Images are decoded
 * on demand, upright as their EXIF orientation says. Their statistics are unknown, so the mean is 0
 * and the standard deviation 1: model space is pixel space.
 *
 * @throws LeakageError `file` for a folder without images, and for one that has images both inside
 * and outside subfolders or splits; `spec` for fewer classes than there are subfolders.
 */
function folderSet(options: FolderOptions): Dataset {
  const { source, split, images, size, resize, channels, count } = options;
  const sorted = images.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  if (sorted.length === 0) throw new LeakageError("file", withoutImages(options));
  const layout = layoutOf(options);
  const found = classNames(options, layout);
  const names = numbered(found, count, source);
  const used = layout.splits?.[split];
  const files = used ? sorted.filter(({ path }) => used.includes(top(path))) : sorted;
  const [height, width] = size;
  const labelOf = ({ path }: ImageFile) => Math.max(0, found.indexOf(top(inside(path, layout))));
  return {
    kind: "folder",
    split,
    shape: [channels, height, width],
    classes: names,
    size: files.length,
    mean: new Array<number>(channels).fill(0),
    std: new Array<number>(channels).fill(1),
    ...(layout.splits ? {} : { whole: true }),
    notes: notesOf(options, layout, found, names),
    example(index) {
      requireIndex(index, files.length, source);
      const file = files[index]!;
      const raster = decodeImage(file.read(), file.source);
      return {
        index,
        image: fitImage(channels === 1 ? toGray(raster) : raster, [channels, height, width], resize, file.source),
        label: labelOf(file),
      };
    },
  };
}

/** The names of all classes: those of the subfolders, and numbers for the others. */
function numbered(found: readonly string[], count: number | null, source: string): readonly string[] {
  const named = found.filter((name) => name !== "");
  if (count === null) return named.length === 0 ? ["image"] : named;
  if (count < named.length)
    throw new LeakageError(
      "spec",
      `--classes ${count} does not fit ${source}, which has ${named.length} class subfolders: ${named.slice(0, 12).join(", ")}${named.length > 12 ? ", …" : ""}.`,
    );
  return Array.from({ length: count }, (_, i) => named[i] ?? `class ${i}`);
}

/** What a reader must know about the images, in sentences. */
function notesOf(
  { images, others = [], split, size: [height, width], resize, channels }: FolderOptions,
  layout: Layout,
  found: readonly string[],
  classes: readonly string[],
): readonly string[] {
  const { splits, names, unused } = layout;
  const left = images.filter(({ path }) => unused.includes(top(path))).length;
  const having = new Set(images.map(({ path }) => top(inside(path, layout))));
  const empty = found.filter((name) => !having.has(name));
  const sentences: (string | false)[] = [
    splits !== undefined && `The folder has the splits ${names.join(" and ")}; this is ${splits[split].join(" and ")}.`,
    splits === undefined && names.length > 0 && `The folder has one split, ${names.join(" and ")}: all of its images are used.`,
    unused.length > 0 && `Images that are not used, because they are in ${unused.join(" and ")}: ${left}.`,
    found[0] === "" && classes.length > 1 && `The folder names no classes: every image has label 0 of ${classes.length}.`,
    empty.length > 0 && `Without images, but with a number of their own: ${empty.join(", ")}.`,
    found[0] !== "" &&
      classes.length > found.length &&
      `The network has ${classes.length} classes, and the subfolders name the first ${found.length}.`,
    resize === "error"
      ? `Images are ${height} pixels high and ${width} wide.`
      : `Images of another size than ${height} x ${width} (height x width) were cropped to the center and averaged over areas (resize=center-area).`,
    images.some(({ path }) => /\.jpe?g$/i.test(path)) && "JPEG images are turned upright as their EXIF orientation says.",
    channels === 1 && "Color images are made gray by their luma (ITU-R BT.601).",
    leftOut(others),
  ];
  return sentences.filter((sentence) => sentence !== false);
}
