import { LeakageError } from "../errors.ts";

/**
 * Numbers of a file with their shape, in C order. float16 and bfloat16 arrive widened to float32 (exactly). A `bool` is a byte, 0 or 1; an `int64` is a bigint.
 * An empty shape is a single number.
 */
export type NamedArray = { readonly shape: readonly number[] } & (
  | { readonly dtype: "float64"; readonly data: Float64Array }
  | { readonly dtype: "float32"; readonly data: Float32Array }
  | { readonly dtype: "int64"; readonly data: BigInt64Array }
  | { readonly dtype: "int32"; readonly data: Int32Array }
  | { readonly dtype: "uint8"; readonly data: Uint8Array }
  | { readonly dtype: "bool"; readonly data: Uint8Array }
);

/** How an entry is called in the memory of this package. */
export type ArrayDtype = NamedArray["dtype"];

/** Arrays of a file by name, in the order of the file. */
export type NamedArrays = ReadonlyMap<string, NamedArray>;

/** Number of entries of a shape; Infinity where that is no exact integer. */
export function entryCount(shape: readonly number[]): number {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Number.isSafeInteger(count) ? count : Number.POSITIVE_INFINITY;
}

/** Wraps bytes (little-endian, already a copy of their own) as the entries of a dtype. */
export function viewArray(dtype: ArrayDtype, shape: readonly number[], bytes: ArrayBuffer): NamedArray {
  switch (dtype) {
    case "float64":
      return { shape, dtype, data: new Float64Array(bytes) };
    case "float32":
      return { shape, dtype, data: new Float32Array(bytes) };
    case "int64":
      return { shape, dtype, data: new BigInt64Array(bytes) };
    case "int32":
      return { shape, dtype, data: new Int32Array(bytes) };
    case "uint8":
    case "bool":
      return { shape, dtype, data: new Uint8Array(bytes) };
  }
}

/** The bytes of an array, little-endian, not copied. */
export const bytesOf = ({ data }: NamedArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Refuses NaN and infinities: throws a LeakageError that names file, entry and the flat index of the first one. */
export function requireFinite(array: NamedArray, name: string, source: string): void {
  if (array.dtype !== "float32" && array.dtype !== "float64") return;
  const index = array.data.findIndex((value) => !Number.isFinite(value));
  if (index >= 0)
    throw new LeakageError(
      "file",
      `${source}: ${name} must hold finite numbers, but entry ${index} of ${array.data.length} is ${array.data[index]}`,
    );
}

/** The arrays with their entries as float32, rounded from wider types; float32 arrays are not copied. */
export const floatArrays = (arrays: NamedArrays): ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }> =>
  new Map([...arrays].map(([name, array]) => [name, { shape: array.shape, data: toFloat32(array) }]));

const toFloat32 = ({ dtype, data }: NamedArray): Float32Array =>
  dtype === "float32" ? data : dtype === "int64" ? Float32Array.from(data, Number) : Float32Array.from(data);
