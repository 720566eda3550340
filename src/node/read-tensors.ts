import { LeakageError } from "../errors.ts";
import { type NamedArray, type NamedArrays, readNpz, readSafetensors, requireFinite, toFloat32 } from "../formats/index.ts";
import type { NamedNumbers, ShapedNumbers } from "../graph/index.ts";
import { isCounter } from "../models/index.ts";
import { bytesAt } from "./read-file.ts";
import { sha256 } from "./sha256.ts";

/** Larger files are refused. */
const maxBytes = 4 * 2 ** 30;

const begins = (bytes: Uint8Array, text: string): boolean => [...text].every((character, i) => bytes[i] === character.charCodeAt(0));

/** Reads arrays in the format that the first bytes show. If they show none, the name decides. */
function readArrays(bytes: Uint8Array, path: string): NamedArrays {
  if (begins(bytes, "\x93NUMPY"))
    throw new LeakageError("file", `${path} holds one array without a name. Store all tensors by name, with numpy.savez or safetensors.`);
  return begins(bytes, "PK") || path.endsWith(".npz") ? readNpz(bytes, path) : readSafetensors(bytes, path);
}

/**
 * The entries as float32.
 *
 * @throws LeakageError `file` for integers, and for numbers that are not finite in float32.
 */
function numbersOf(array: NamedArray, name: string, path: string): ShapedNumbers {
  if (array.dtype !== "F32" && array.dtype !== "F64")
    throw new LeakageError("file", `${path}: ${name} must hold real numbers (F64, F32, F16 or BF16), but holds ${array.dtype}.`);
  requireFinite(array, name, path);
  const data = toFloat32(array);
  requireFinite({ dtype: "F32", shape: array.shape, data }, `${name} as float32`, path);
  return { shape: array.shape, data };
}

/** The contents of a file of tensors. */
export interface TensorFile {
  /** Tensors by name, as finite float32 numbers. */
  readonly tensors: NamedNumbers;
  /** SHA-256 of the file, as hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Reads the tensors of a safetensors or npz file: weights, or an update. PyTorch's batch counters
 * (`num_batches_tracked`) are left out.
 *
 * @throws LeakageError `file` if the file cannot be read, is damaged, or holds anything but finite
 * real numbers.
 */
export async function readTensors(path: string): Promise<TensorFile> {
  const bytes = bytesAt(path, maxBytes);
  const arrays = [...readArrays(bytes, path)].filter(([name]) => !isCounter(name));
  return {
    tensors: new Map(arrays.map(([name, array]) => [name, numbersOf(array, name, path)])),
    sha256: sha256(bytes),
  };
}
