import type { DataFiles } from "./data-files.ts";
import type { Dataset } from "./dataset.ts";
import type { OfficialFiles } from "./official-files.ts";
import type { Split } from "./split.ts";

/** A data set with its parameters, not opened yet. */
export interface DataSource<Shape extends readonly number[] = readonly number[]> {
  /**
   * What it is made from: official files, the pictures of a folder that the user chose, or nothing
   * where it is drawn.
   */
  readonly reads: OfficialFiles | "folder" | "nothing";
  /** The prior of the catalogue that its inputs follow, where their density is known. */
  readonly follows?: string;
  /**
   * Opens one split.
   *
   * @param files where it reads; `noFiles` will do for one that reads nothing.
   * @throws LeakageError `file` for files that are missing or damaged.
   */
  open(split: Split, files: DataFiles): Promise<Dataset<Shape>>;
}
