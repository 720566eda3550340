import type { Dataset, Split } from "../data/index.ts";
import type { NamedNumbers } from "../graph/index.ts";
import type { PartSpec } from "../parts/index.ts";

/**
 * Resolves what a spec only names. Node reads a disk; a browser uses files that it fetched or that
 * the user dropped.
 */
export interface Sources {
  /**
   * Opens one split of a data set.
   *
   * @throws LeakageError `file` for files that are missing or damaged, `spec` if nobody said where
   * they lie.
   */
  dataset(set: PartSpec, split: Split): Promise<Dataset<readonly number[]>>;
  /**
   * Reads the tensors of the file with a hash, by name: weights or an update.
   *
   * @throws LeakageError `spec` if no such file was given, `file` if it is damaged.
   */
  tensors(what: "weights" | "update", sha256: string): Promise<{ readonly tensors: NamedNumbers; readonly source: string }>;
  /** The places that the user stated, for errors and for the command that makes a result again. */
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
  /** The files that `gradleak tune` wrote. */
  readonly tuned?: readonly string[];
  /** The original images of an update, only to score the result. */
  readonly truth?: readonly string[];
}
