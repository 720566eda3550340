import { readFileSync, statSync } from "node:fs";
import { LeakageError } from "../errors.ts";

/**
 * The bytes of a file.
 *
 * @param most files with more bytes are refused.
 * @throws LeakageError `file` where it cannot be read.
 */
export function bytesAt(path: string, most = Infinity): Uint8Array {
  try {
    const found = statSync(path);
    if (found.isCharacterDevice() || found.isBlockDevice()) throw new LeakageError("file", `${path} is a device, not a file.`);
    if (found.size > most) throw new LeakageError("file", `${path} has ${found.size} bytes; at most ${most} are read.`);
    // A plain array: the slices of a Buffer share its memory.
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    if (cause instanceof LeakageError) throw cause;
    throw new LeakageError("file", `${path} cannot be read (${reasonOf(cause)}).`, { cause });
  }
}

/** Why the system refused: a sentence for a missing file, else its code. */
const reasonOf = (error: unknown): string => (codeOf(error) === "ENOENT" ? "there is no such file" : codeOf(error));

/** The code of a system's error. */
export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
