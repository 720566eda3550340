import { LeakageError } from "../errors.ts";
import type { OfficialFiles } from "./official-files.ts";

/** A file that is read on demand. Bytes in memory are `{ source, read: () => bytes }`. */
export interface DataFile {
  /** The name of the file in errors. */
  readonly source: string;
  /** @throws LeakageError `file` if it cannot be read. */
  read(): Uint8Array;
}

/** An image file in a folder. */
export interface ImageFile extends DataFile {
  /** The path inside the folder, with "/" as the separator. */
  readonly path: string;
}

/**
 * The PNG and JPEG files of a folder and of its subfolders, in any order. Paths are inside the
 * folder, with "/" as the separator, and hidden files and folders are left out.
 */
export interface ImageFolder {
  /** The name of the folder in errors. */
  readonly source: string;
  readonly images: readonly ImageFile[];
  /**
   * The paths of all subfolders, because a class without images keeps its number. Without this
   * list, only subfolders with images are known.
   */
  readonly folders?: readonly string[];
  /** The paths of all other files, for sentences that say what was left out. */
  readonly others?: readonly string[];
}

/**
 * The files that a data set is opened from. The caller supplies them: in Node they come from the
 * disk; in a browser the user drops them or the page fetches them.
 */
export interface DataFiles {
  /**
   * One of the official files of a data set.
   *
   * @throws LeakageError `file` if it is missing.
   */
  official(files: OfficialFiles, name: string): Promise<DataFile>;
  /**
   * The images in the folder that the user chose.
   *
   * @throws LeakageError `spec` if no folder was chosen, `file` if it cannot be read.
   */
  folder(): Promise<ImageFolder>;
}

const refuse = async (): Promise<never> => {
  throw new LeakageError("spec", "This data set is read from files, but no files were given.");
};

/** For data sets that need no files. Every call is refused. */
export const noFiles: DataFiles = { official: refuse, folder: refuse };

/**
 * Several official files, asked for one by one, so that the error names the first of several
 * missing ones.
 */
export async function officialOnes(files: DataFiles, of: OfficialFiles, names: readonly string[]): Promise<readonly DataFile[]> {
  const found: DataFile[] = [];
  for (const name of names) found.push(await files.official(of, name));
  return found;
}
