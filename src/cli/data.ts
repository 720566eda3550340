import { existsSync } from "node:fs";
import { datasets } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { nearest, type PartSpec } from "../parts/index.ts";
import { extents, wholeNumber } from "../runs/index.ts";

/** The flags that choose a data set, as commander gives them. */
export interface DataFlags {
  /** A data set of the catalogue, or the path of a folder of images. */
  readonly data: string;
  readonly dataPath?: string;
  readonly size?: string;
  readonly resize?: string;
  readonly channels?: string;
  readonly classes?: string;
}

/** A data set of the catalogue, and where its files lie. */
export interface ChosenData {
  readonly set: PartSpec;
  readonly places: { readonly data?: string; readonly dataPath?: string };
}

const kinds = datasets.parts.map(({ kind }) => kind);

/** The kind of data set that --data names by a path. */
const folder = "folder";

/**
 * What --data and its companion flags mean.
 *
 * @throws LeakageError for flags that do not fit.
 */
export function chosenData({ data, dataPath, size, resize, channels, classes }: DataFlags): ChosenData {
  const [kind = ""] = data.split(":");
  const listed = kinds.includes(kind) && (kind !== folder || dataPath !== undefined);
  const path = listed ? dataPath : requireFolder(data, kind, dataPath);
  const set = datasets.parse(listed ? data : folder);
  const { reads } = datasets.build(set);
  if (path !== undefined && reads === "nothing")
    throw new LeakageError("spec", `--data-path is for a data set that is read from files, and --data is ${data}.`);
  const stated = Object.entries({
    size: size && extents(size, "--size", 2),
    resize,
    channels: channels && wholeNumber(channels, "--channels", 1),
    classes: classes && wholeNumber(classes, "--classes", 2, 65_536),
  }).filter(([, value]) => value !== undefined);
  for (const [name] of stated) {
    if (!(name in set))
      throw new LeakageError(
        "spec",
        `--${name} does not fit --data ${data}, which has no parameter ${name}; it is for a folder of images.`,
      );
    if (listed && data !== kind) throw new LeakageError("spec", `--${name} does not fit --data ${data}; state ${name} inside --data.`);
  }
  return {
    set: datasets.parse({ ...set, ...Object.fromEntries(stated) }),
    places: path === undefined ? {} : reads === folder ? { data: path } : { dataPath: path },
  };
}

/** Refuses a path that does not exist and looks like a mistyped data set, and a second path. */
function requireFolder(data: string, kind: string, dataPath: string | undefined): string {
  if (!existsSync(data)) {
    if (kind === folder)
      throw new LeakageError("spec", `--data ${data} needs --data-path with the folder's path, or give that path as --data itself.`);
    const meant = nearest(kind, kinds);
    if (meant) throw new LeakageError("spec", `--data ${data} is neither a folder nor a data set; did you mean ${meant}?`);
  }
  if (dataPath !== undefined)
    throw new LeakageError("spec", `--data-path is for a data set of the catalogue, and --data ${data} is already the path of a folder.`);
  return data;
}
