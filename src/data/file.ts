/** A file that is read when it is needed. Bytes that are there already are `{ source, read: () => bytes }`. */
export interface DataFile {
  /** How errors name it. */
  readonly source: string;
  /** @throws LeakageError `file` where it cannot be read. */
  read(): Uint8Array;
}
