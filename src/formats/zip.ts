import { LeakageError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import { inflate } from "./inflate.ts";
import { printable } from "./printable.ts";

/** The largest unpacked size of an archive, all entries together: 2 GiB. */
const maxTotal = 2 ** 31;

const signatures = { end: 0x06054b50, central: 0x02014b50, local: 0x04034b50 };

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  /** Unpacked size in bytes. */
  readonly size: number;
  /** Where the header, the data, and the next part begin. */
  readonly local: number;
  readonly begin: number;
  readonly end: number;
}

type Refuse = (why: string) => never;

/**
 * Unpacks a zip archive: its files by name, in directory order. Checksums and sizes must match.
 *
 * @throws LeakageError `file` for an archive that is truncated, encrypted, split, 4 GiB or larger,
 * or compressed by anything but deflate; that names a file twice or a path outside the archive; or
 * whose entries overlap or come to more than 2 GiB (a bomb is noticed before it is unpacked).
 */
export function readZip(bytes: Uint8Array, source: string): ReadonlyMap<string, Uint8Array> {
  const refuse: Refuse = (why) => {
    throw new LeakageError("file", `${source} is not a valid zip archive: ${printable(why)}`);
  };
  const entries = readDirectory(bytes, refuse);
  const names = new Set<string>();
  for (const { name } of entries) {
    if (leavesArchive(name)) refuse(`entry ${JSON.stringify(name)} names a path outside the archive`);
    if (names.size === names.add(name).size) refuse(`it names ${name} twice`);
  }
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > maxTotal) refuse(`its entries come to ${total} bytes; at most ${maxTotal} are allowed`);
  let last: Entry | undefined;
  for (const entry of entries.toSorted((a, b) => a.local - b.local)) {
    if (last && entry.local < last.end) refuse(`entries ${last.name} and ${entry.name} overlap`);
    last = entry;
  }
  return new Map(
    entries.map(({ name, method, checksum, size, begin, end }) => {
      const packed = bytes.subarray(begin, end);
      if (method === 0 && packed.length !== size) refuse(`entry ${name} is stored in ${packed.length} bytes but should have ${size}`);
      const file = method === 0 ? packed : inflate(packed, size, `${source}: entry ${printable(name)}`);
      if (crc32(file) !== checksum) refuse(`the checksum of entry ${name} does not match its contents`);
      return [name, file];
    }),
  );
}

/** Reads the central directory (APPNOTE.TXT, sections 4.3.12 and 4.3.16). */
function readDirectory(bytes: Uint8Array, refuse: Refuse): readonly Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = endRecord(view);
  if (end === undefined) return refuse("it has no directory at its end (truncated?)");
  const count = view.getUint16(end + 10, true);
  const directory = view.getUint32(end + 16, true);
  if (view.getUint16(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count) refuse("archives in several parts are not read");
  if (count === 0xffff || directory === 0xffffffff) refuse("archives of 4 GiB and more, or with 65535 entries and more, are not read");
  const entries: Entry[] = [];
  let position = directory;
  for (let i = 0; i < count; i++) {
    if (position + 46 > end || view.getUint32(position, true) !== signatures.central)
      refuse(`entry ${i} of its directory is missing or damaged`);
    const nameLength = view.getUint16(position + 28, true);
    const next = position + 46 + nameLength + view.getUint16(position + 30, true) + view.getUint16(position + 32, true);
    if (next > end) refuse(`entry ${i} of its directory is cut off`);
    entries.push(readEntry(view, position, directory, refuse));
    position = next;
  }
  return entries;
}

/** Reads one directory entry, and finds its data through the entry's own header. */
function readEntry(view: DataView, position: number, directory: number, refuse: Refuse): Entry {
  const text = (at: number, length: number) => new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
  const name = text(position + 46, view.getUint16(position + 28, true));
  const method = view.getUint16(position + 10, true);
  if (view.getUint16(position + 8, true) & 1) refuse(`entry ${name} is encrypted`);
  if (method !== 0 && method !== 8) refuse(`entry ${name} is compressed by method ${method}; 0 (stored) and 8 (deflate) can be read`);
  const local = view.getUint32(position + 42, true);
  if (local + 30 > directory || view.getUint32(local, true) !== signatures.local)
    refuse(`entry ${name} does not lie where the directory says`);
  const nameLength = view.getUint16(local + 26, true);
  const begin = local + 30 + nameLength + view.getUint16(local + 28, true);
  const end = begin + view.getUint32(position + 20, true);
  if (end > directory) refuse(`entry ${name} reaches into the directory (truncated?)`);
  if (text(local + 30, nameLength) !== name) refuse(`entry ${name} has another name in front of its data`);
  return { name, method, checksum: view.getUint32(position + 16, true), size: view.getUint32(position + 24, true), local, begin, end };
}

/** The position of the end record, which precedes a comment of at most 65535 bytes. */
function endRecord(view: DataView): number | undefined {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 65_535); at--)
    if (view.getUint32(at, true) === signatures.end && at + 22 + view.getUint16(at + 20, true) === view.byteLength) return at;
  return undefined;
}

const leavesArchive = (name: string): boolean => /^\/|^[a-z]:|[\0\\]/i.test(name) || name.split("/").includes("..");
