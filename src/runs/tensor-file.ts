import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { LeakageError } from "../errors.ts";
import { type NamedArray, type NamedArrays, readNpz, readSafetensors, requireFinite, toFloat32 } from "../formats/index.ts";
import type { NamedNumbers, ShapedNumbers } from "../graph/index.ts";
import { isCounter } from "../models/index.ts";
import { foreignFile } from "./foreign-file.ts";

const begins = (bytes: Uint8Array, text: string): boolean => [...text].every((character, i) => bytes[i] === character.charCodeAt(0));

/** Reads a file by what its bytes are, or by its name if it is damaged. */
function readArrays(bytes: Uint8Array, source: string): NamedArrays {
  if (begins(bytes, "\x93NUMPY"))
    throw new LeakageError("file", `${source} has one array without a name; store all tensors by name, with numpy.savez or safetensors.`);
  const foreign = foreignFile(bytes, source);
  if (foreign) throw new LeakageError("file", `${source} is ${foreign.kind}; safetensors and npz can be read. ${foreign.convert}`);
  return begins(bytes, "PK") || source.endsWith(".npz") ? readNpz(bytes, source) : readSafetensors(bytes, source);
}

/**
 * The entries as float32.
 *
 * @throws LeakageError `file` for integers, and for numbers that are not finite in float32.
 */
function numbersOf(array: NamedArray, name: string, source: string, integers: boolean): ShapedNumbers {
  if (!integers && array.dtype !== "F32" && array.dtype !== "F64")
    throw new LeakageError("file", `${source}: ${name} must hold real numbers (F64, F32, F16 or BF16), but it holds ${array.dtype}.`);
  requireFinite(array, name, source);
  const data = toFloat32(array);
  requireFinite({ dtype: "F32", shape: array.shape, data }, `${name} as float32`, source);
  return { shape: array.shape, data };
}

/** Whether an array is one whole number, as PyTorch's counters of batches are in lists without names. */
const isSingleInteger = ({ dtype, data }: NamedArray): boolean => (dtype === "I64" || dtype === "I32") && data.length === 1;

const hashOf = (bytes: Uint8Array): string => bytesToHex(sha256(bytes));

/** The contents of a file of tensors. */
export interface TensorFile {
  /** The finite float32 numbers, by name. */
  readonly tensors: NamedNumbers;
  /** The SHA-256 of the file, in hexadecimal digits. */
  readonly sha256: string;
}

/**
 * The tensors of a safetensors or npz file: weights, or an update. PyTorch's counters of batches
 * are left out, also where they have no names.
 *
 * @param source the name of the file, for errors.
 * @param hash the SHA-256 of the file, if it is known already.
 * @param integers whether whole numbers are read as well, for a file that counts something.
 * @throws LeakageError `file` if the file is damaged, or has entries that are not finite real
 * numbers.
 */
export function tensorsIn(bytes: Uint8Array, source: string, hash = hashOf(bytes), integers = false): TensorFile {
  const arrays = [...readArrays(bytes, source)].filter(([name, array]) => integers || !(isCounter(name) || isSingleInteger(array)));
  return {
    tensors: new Map(arrays.map(([name, array]) => [name, numbersOf(array, name, source, integers)])),
    sha256: hash,
  };
}
