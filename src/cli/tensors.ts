import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { LeakageError } from "../errors.ts";
import { type NamedArrays, readNpz, readSafetensors, requireFinite, toFloat32 } from "../formats/index.ts";
import type { NamedNumbers } from "../models/index.ts";

/** Larger files are not tensors that this program attacks. */
const maxBytes = 4 * 2 ** 30;

/** A file's bytes. Throws LeakageError `file` where it cannot be read. */
export async function bytesOfFile(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw new LeakageError("file", `${path} has ${size} bytes; at most ${maxBytes} are read.`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof LeakageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new LeakageError("file", `${path} cannot be read (${code === "ENOENT" ? "there is no such file" : code}).`, { cause: error });
  }
}

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** Tensors by name from a safetensors or npz file, as finite float32 numbers, with the hash of the file. */
export async function readTensors(path: string): Promise<{ tensors: ReadonlyMap<string, NamedNumbers>; sha256: string }> {
  const bytes = await bytesOfFile(path);
  const arrays: NamedArrays = isZip(bytes) ? readNpz(bytes, path) : readSafetensors(bytes, path);
  for (const [name, array] of arrays) requireFinite(array, name, path);
  return {
    tensors: new Map([...arrays].map(([name, array]) => [name, { shape: array.shape, data: toFloat32(array) }])),
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}
