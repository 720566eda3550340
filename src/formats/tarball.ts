import { parseTar } from "nanotar";
import { LeakageError } from "../errors.ts";
import { gunzip } from "./inflate.ts";

/**
 * Unpacks a gzipped tar archive that comes to at most `limit` bytes: its regular files by name. The
 * caller has checked the archive's checksum.
 *
 * @throws LeakageError `file` if it cannot be read.
 */
export function readTarball(bytes: Uint8Array, source: string, limit: number): ReadonlyMap<string, Uint8Array> {
  const archive = gunzip(bytes, source, limit);
  try {
    // The parser reads the whole buffer behind a view.
    const files = parseTar(archive.byteLength === archive.buffer.byteLength ? archive : new Uint8Array(archive));
    return new Map(files.flatMap(({ name, type, data }) => (type === "file" && data ? [[name, data] as const] : [])));
  } catch (cause) {
    throw new LeakageError("file", `${source} is not a valid tar archive (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
}
