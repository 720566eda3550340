import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { LeakageError } from "../errors.ts";
import { type NamedArray, type NamedArrays, readNpz, readSafetensors, requireFinite, toFloat32 } from "../formats/index.ts";
import { isCounter, type NamedNumbers } from "../models/index.ts";

/** Larger files are not tensors that this program attacks. */
const maxBytes = 4 * 2 ** 30;

/** A file's bytes. Throws LeakageError `file` where it cannot be read. */
async function bytesOfFile(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (found.isCharacterDevice() || found.isBlockDevice()) throw new LeakageError("file", `${path} is a device, not a file.`);
    if (found.size > maxBytes) throw new LeakageError("file", `${path} has ${found.size} bytes; at most ${maxBytes} are read.`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof LeakageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new LeakageError("file", `${path} cannot be read (${code === "ENOENT" ? "there is no such file" : code}).`, { cause: error });
  }
}

const begins = (bytes: Uint8Array, text: string): boolean => [...text].every((character, i) => bytes[i] === character.charCodeAt(0));

/** By what the file is; a damaged one is what its name says. */
function readArrays(bytes: Uint8Array, path: string): NamedArrays {
  if (begins(bytes, "\x93NUMPY"))
    throw new LeakageError("file", `${path} holds one array without a name; store all tensors by name: numpy.savez or safetensors.`);
  return begins(bytes, "PK") || path.endsWith(".npz") ? readNpz(bytes, path) : readSafetensors(bytes, path);
}

/** The entries as float32. Throws LeakageError `file` for integers, and for numbers that are not finite in float32. */
function numbersOf(array: NamedArray, name: string, path: string): NamedNumbers {
  if (array.dtype !== "F32" && array.dtype !== "F64")
    throw new LeakageError("file", `${path}: ${name} must hold real numbers (F64, F32, F16 or BF16), and holds ${array.dtype}.`);
  requireFinite(array, name, path);
  const data = toFloat32(array);
  requireFinite({ dtype: "F32", shape: array.shape, data }, `${name} as float32`, path);
  return { shape: array.shape, data };
}

/** Tensors by name from a safetensors or npz file, as finite float32 numbers, with the hash of the file. PyTorch's counters of batches are left out. */
export async function readTensors(path: string): Promise<{ tensors: ReadonlyMap<string, NamedNumbers>; sha256: string }> {
  const bytes = await bytesOfFile(path);
  const arrays = [...readArrays(bytes, path)].filter(([name]) => !isCounter(name));
  return {
    tensors: new Map(arrays.map(([name, array]) => [name, numbersOf(array, name, path)])),
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}
