/** The files in which a data set is published. */
export interface OfficialFiles {
  /** Kind of the data set. A cache keeps its files in a folder of this name. */
  readonly kind: string;
  /** The name of the data set in errors: "MNIST (plain or gzipped)". */
  readonly title: string;
  /** The folder that the publisher's archive unpacks to, if it creates one. */
  readonly folder?: string;
  /** The package from which the files can be made, if there is one. */
  readonly package?: DataPackage;
}

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
