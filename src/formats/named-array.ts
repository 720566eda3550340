import { LeakageError } from "../errors.ts";

/**
 * Numbers from a file with their shape, in C order. float16 and bfloat16 arrive widened (exactly)
 * to float32. Dtypes have the names of safetensors. A BOOL is one byte, 0 or 1; an I64 is a bigint.
 * An empty shape is a single number.
 */
export type NamedArray = { readonly shape: readonly number[] } & (
  | { readonly dtype: "F64"; readonly data: Float64Array }
  | { readonly dtype: "F32"; readonly data: Float32Array }
  | { readonly dtype: "I64"; readonly data: BigInt64Array }
  | { readonly dtype: "I32"; readonly data: Int32Array }
  | { readonly dtype: "U8"; readonly data: Uint8Array }
  | { readonly dtype: "BOOL"; readonly data: Uint8Array }
);

/** The type of an array's entries. */
export type ArrayDtype = NamedArray["dtype"];

/** The arrays of a file by name, in file order. */
export type NamedArrays = ReadonlyMap<string, NamedArray>;

/** Number of entries of a shape; Infinity if it is not exactly representable. */
export function entryCount(shape: readonly number[]): number {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Number.isSafeInteger(count) ? count : Number.POSITIVE_INFINITY;
}

/** Views bytes as the entries of a dtype. The bytes are little-endian and not shared. */
export function viewArray(dtype: ArrayDtype, shape: readonly number[], bytes: ArrayBuffer): NamedArray {
  switch (dtype) {
    case "F64":
      return { shape, dtype, data: new Float64Array(bytes) };
    case "F32":
      return { shape, dtype, data: new Float32Array(bytes) };
    case "I64":
      return { shape, dtype, data: new BigInt64Array(bytes) };
    case "I32":
      return { shape, dtype, data: new Int32Array(bytes) };
    case "U8":
    case "BOOL":
      return { shape, dtype, data: new Uint8Array(bytes) };
  }
}

/** The bytes of an array, little-endian and not copied. */
export const bytesOf = ({ data }: NamedArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Refuses NaN and infinities.
 *
 * @throws LeakageError `file` that names the file, the array and the flat index of the first bad
 * entry.
 */
export function requireFinite(array: NamedArray, name: string, source: string): void {
  if (array.dtype !== "F32" && array.dtype !== "F64") return;
  const index = array.data.findIndex((value) => !Number.isFinite(value));
  if (index >= 0)
    throw new LeakageError(
      "file",
      `${source}: ${name} must hold finite numbers, but entry ${index} of ${array.data.length} is ${array.data[index]}`,
    );
}

/** The entries as float32, rounded from wider types. A float32 array is not copied. */
export const toFloat32 = ({ dtype, data }: NamedArray): Float32Array =>
  dtype === "F32" ? data : dtype === "I64" ? Float32Array.from(data, Number) : Float32Array.from(data);
