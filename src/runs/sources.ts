import type { Dataset, Split } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import type { NamedNumbers } from "../graph/index.ts";
import { format, type PartSpec } from "../parts/index.ts";
import type { TensorFile } from "./tensor-file.ts";

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
   * Reads the tensors of the file with a hash, by name: weights, an update, or a partition of examples over
   * clients.
   *
   * @throws LeakageError `spec` if no such file was given, `file` if it is damaged.
   */
  tensors(what: FileKind, sha256: string): Promise<{ readonly tensors: NamedNumbers; readonly source: string }>;
  /** The places that the user stated, for errors and for the command that makes a result again. */
  readonly places: Places;
}

/** The kinds of files with tensors that a spec names by their hashes. */
type FileKind = "weights" | "update" | "partition";

/** What a command line says in addition to a spec: where things lie. */
export interface Places {
  /** The folder of images. */
  readonly data?: string;
  /** The folder with the official files of a data set. */
  readonly dataPath?: string;
  readonly weights?: string;
  readonly update?: string;
  /** The file with the client of each training example. */
  readonly partition?: string;
  /** The files that `gradleak tune` wrote. */
  readonly tuned?: readonly string[];
  /** The original images of an update, only to score the result. */
  readonly truth?: readonly string[];
}

/** How files reach a program: from a disk, or from a page. */
export interface Files {
  readonly places?: Places;
  /** Opens one split of a data set. */
  open(set: PartSpec, split: Split): Promise<Dataset<readonly number[]>>;
  /** The file of one of these kinds that the user gave; undefined if there is none. */
  tensorFile(what: FileKind): Promise<(TensorFile & { readonly source: string }) | undefined>;
}

/**
 * Sources that open each data set once, read each file once, and check the hashes that a spec
 * names.
 */
export function sourcesFrom({ places = {}, open, tensorFile }: Files): Sources {
  const opened = new Map<string, Promise<Dataset<readonly number[]>>>();
  const read = new Map<string, ReturnType<Files["tensorFile"]>>();
  return {
    places,
    dataset: (set, split) => {
      const name = `${split} ${format(set)}`;
      const opening = opened.get(name) ?? open(set, split);
      opened.set(name, opening);
      return opening;
    },
    tensors: async (what, sha256) => {
      const reading = read.get(what) ?? tensorFile(what);
      read.set(what, reading);
      const file = await reading;
      const flag = what === "partition" ? "--partition-file" : `--${what}`;
      if (!file)
        throw new LeakageError("spec", `This spec takes ${what} from a file with the SHA-256 ${sha256}: say where it lies with ${flag}.`);
      if (file.sha256 === sha256) return file;
      throw new LeakageError(
        "spec",
        `${flag} ${file.source} is not the file of this spec: its SHA-256 is ${file.sha256}, and the spec names ${sha256}.`,
      );
    },
  };
}
