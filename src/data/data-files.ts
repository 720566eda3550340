import { LeakageError } from "../errors.ts";
import type { JpegDecoder } from "../formats/index.ts";
import type { OfficialFiles } from "./official-files.ts";

/** A file that is read when it is needed. Bytes in memory are `{ source, read: () => bytes }`. */
export interface DataFile {
  /** How errors name it. */
  readonly source: string;
  /** @throws LeakageError `file` where it cannot be read. */
  read(): Uint8Array;
}

/** A picture of a folder. */
export interface PictureFile extends DataFile {
  /** Its path inside the folder, parts joined by "/". */
  readonly path: string;
}

/** The PNG and JPEG files of a folder and of its subfolders, in any order. */
export interface PictureFolder {
  /** How errors name the folder. */
  readonly source: string;
  readonly pictures: readonly PictureFile[];
}

/**
 * The files that a data set is opened from. Whoever opens it brings them: in Node they lie on the
 * disk, in a browser the user drops them or the page fetches them.
 */
export interface DataFiles {
  /**
   * One of the files that a data set is published as. @throws LeakageError `file` where it is
   * missing.
   */
  official(files: OfficialFiles, name: string): Promise<DataFile>;
  /**
   * The pictures of the folder that the user chose. @throws LeakageError `spec` where none was
   * chosen, `file` where it cannot be read.
   */
  folder(): Promise<PictureFolder>;
  /** Decodes JPEG files. */
  jpeg(): Promise<JpegDecoder>;
}

const refuse = async (): Promise<never> => {
  throw new LeakageError("spec", "This data set is read from files, and none were given.");
};

/** For data sets that are drawn: each call is refused. */
export const noFiles: DataFiles = { official: refuse, folder: refuse, jpeg: refuse };
