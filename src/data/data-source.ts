import type { DataFiles } from "./data-files.ts";
import type { Dataset } from "./dataset.ts";
import type { OfficialFiles } from "./official-files.ts";
import type { Split } from "./split.ts";

/** A data set with its parameters, not yet opened. */
export interface DataSource<Shape extends readonly number[] = readonly number[]> {
  /**
   * What the data set is read from: official files, the images in a folder that the user chose, or
   * nothing if the examples are generated.
   */
  readonly reads: OfficialFiles | "folder" | "nothing";
  /** The prior of the catalogue that the inputs follow, if their density is known. */
  readonly follows?: string;
  /**
   * Opens one split.
   *
   * @param files the files to read; pass `noFiles` for a data set that reads nothing.
   * @throws LeakageError `file` for missing or damaged files.
   */
  open(split: Split, files: DataFiles): Promise<Dataset<Shape>>;
}
