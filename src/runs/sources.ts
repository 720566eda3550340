import type { Dataset, Split } from "../data/index.ts";
import type { NamedNumbers } from "../graph/index.ts";
import type { PartSpec } from "../parts/index.ts";

/**
 * Where what a spec only names lies: Node reads a disk, a browser what it fetched or what the user
 * dropped.
 */
export interface Sources {
  /**
   * Opens one split of a data set.
   *
   * @throws LeakageError `file` for files that are missing or damaged, `spec` where nobody said
   * where they lie.
   */
  dataset(set: PartSpec, split: Split): Promise<Dataset<readonly number[]>>;
  /**
   * Tensors by name from the file with a hash: weights, or an update.
   *
   * @throws LeakageError `spec` where no such file was given, `file` for one that is damaged.
   */
  tensors(what: "weights" | "update", sha256: string): Promise<{ readonly tensors: NamedNumbers; readonly source: string }>;
  /**
   * Where the user said that a data set lies, for errors and for the command that makes a result
   * again.
   */
  readonly places: Places;
}

/** What a command line says in addition to a spec: where things lie. */
export interface Places {
  /** The folder of images. */
  readonly data?: string;
  /** The folder with the official files of a data set. */
  readonly dataPath?: string;
  readonly weights?: string;
  readonly update?: string;
  /** Files that `gradleak tune` wrote. */
  readonly tuned?: readonly string[];
  /** The original images of an update, only to score the result. */
  readonly truth?: readonly string[];
}
