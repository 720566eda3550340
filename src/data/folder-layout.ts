import { LeakageError } from "../errors.ts";
import type { ImageFolder } from "./data-files.ts";
import { isOtherImage } from "./other-files.ts";
import type { Split } from "./split.ts";

/** How a folder of images is divided. */
export interface Layout {
  /** The top-level subfolders of each split; absent if the folder has no two splits. */
  readonly splits?: Readonly<Record<Split, readonly string[]>>;
  /** The top-level subfolders that are splits, and not classes. */
  readonly names: readonly string[];
  /** Those of them that neither split holds. */
  readonly unused: readonly string[];
}

type Role = Split | "val";

const roles: ReadonlyMap<string, Role> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["val", "val"],
  ["valid", "val"],
  ["validation", "val"],
  ["test", "test"],
  ["testing", "test"],
]);

const roleOf = (name: string): Role | undefined => roles.get(name.toLowerCase());

/** The first folder of a path, or an empty string if the path has none. */
export const top = (path: string): string => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");

/** A path without the folder of its split. */
export const inside = (path: string, { names }: Layout): string => (names.includes(top(path)) ? path.slice(path.indexOf("/") + 1) : path);

/**
 * Reads the splits of a folder off its top-level subfolders with images. If all of them are named
 * train, val or test (training, valid, validation and testing as well, in any case), they are
 * splits. `val` stands for the one of train and test that is missing; beside both, it is not used.
 * If only one of them is there, the folder has no two splits.
 *
 * @throws LeakageError `file` for several splits beside other images.
 */
export function layoutOf({ source, images }: ImageFolder): Layout {
  const tops = [...new Set(images.map(({ path }) => top(path)))].toSorted();
  const having = (role: Role) => tops.filter((name) => roleOf(name) === role);
  const [train, val, test] = [having("train"), having("val"), having("test")];
  const others = tops.filter((name) => roleOf(name) === undefined);
  const several = [train, val, test].filter(({ length }) => length > 0).length > 1;
  if (others.length > 0) {
    if (several)
      throw new LeakageError(
        "file",
        `${source} has splits (${[...train, ...val, ...test].join(", ")}) beside other images (${others.map((name) => name || images.find(({ path }) => top(path) === "")!.path).join(", ")}); give a folder that has only splits, or only classes.`,
      );
    return { names: [], unused: [] };
  }
  const names = [...train, ...val, ...test];
  if (!several) return { names, unused: [] };
  return {
    splits: { train: train.length > 0 ? train : val, test: test.length > 0 ? test : val },
    names,
    unused: train.length > 0 && test.length > 0 ? val : [],
  };
}

/**
 * The class names of all splits together, so that a label means the same in each. A subfolder that
 * is empty, or has only images of other kinds, is a class without images. The one name of images
 * without subfolders is "".
 *
 * @throws LeakageError `file` for images both inside and outside subfolders.
 */
export function classNames({ source, images, folders = [], others = [] }: ImageFolder, layout: Layout): readonly string[] {
  const classOf = (path: string) => top(inside(path, layout));
  const named = new Set(images.map(({ path }) => classOf(path)));
  if (named.has("")) {
    if (named.size === 1) return [""];
    throw new LeakageError(
      "file",
      `${source} has images both inside and outside subfolders (${images.find(({ path }) => classOf(path) === "")!.path}); a subfolder names the class of its images.`,
    );
  }
  for (const folder of folders) {
    // Beside splits, no folder is a class.
    if (classOf(folder) !== "" || (layout.names.length > 0 && top(folder) === "")) continue;
    // Other files beside a data set, such as annotations, make no class.
    const within = others.filter((path) => path.startsWith(`${folder}/`));
    if (within.every(isOtherImage)) named.add(inside(folder, layout));
  }
  return [...named].toSorted();
}
