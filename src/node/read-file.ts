import { readFileSync, statSync } from "node:fs";
import { LeakageError } from "../errors.ts";

/**
 * Reads the bytes of a file.
 *
 * @param most the largest size in bytes; larger files are refused.
 * @throws LeakageError `file` if it cannot be read.
 */
export function bytesAt(path: string, most = Infinity): Uint8Array {
  try {
    const found = statSync(path);
    if (found.isCharacterDevice() || found.isBlockDevice()) throw new LeakageError("file", `${path} is a device, not a file.`);
    if (found.size > most) throw new LeakageError("file", `${path} has ${found.size} bytes; at most ${most} are allowed.`);
    // Copied to a plain array: slices of a Buffer share its memory.
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    if (cause instanceof LeakageError) throw cause;
    throw new LeakageError("file", `${path} cannot be read (${reasonOf(cause)}).`, { cause });
  }
}

/** Why the system refused: a sentence for a missing file, otherwise its error code. */
const reasonOf = (error: unknown): string => (codeOf(error) === "ENOENT" ? "there is no such file" : codeOf(error));

/** The code of a system error. */
export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
