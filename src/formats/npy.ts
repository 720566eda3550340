import { LeakageError } from "../errors.ts";
import { widenFloat16 } from "./half-precision.ts";
import { type ArrayDtype, bytesOf, entryCount, type NamedArray, viewArray } from "./named-array.ts";
import { printable } from "./printable.ts";

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy's own limit for untrusted headers. */
const maxHeader = 10_000;

const widths = { f8: 8, f4: 4, f2: 2, i8: 8, i4: 4, u1: 1, b1: 1 } as const;
type Code = keyof typeof widths;
const dtypes: Record<Exclude<Code, "f2">, ArrayDtype> = { f8: "F64", f4: "F32", i8: "I64", i4: "I32", u1: "U8", b1: "BOOL" };
const descriptions: Record<ArrayDtype, string> = { F64: "<f8", F32: "<f4", I64: "<i8", I32: "<i4", U8: "|u1", BOOL: "|b1" };

const descrPattern = /'descr'\s*:\s*('[^']*'|\[.*\])/s;
const orderPattern = /'fortran_order'\s*:\s*(True|False)/;
const shapePattern = /'shape'\s*:\s*\(([\d\s,L]*)\)/;

/**
 * Reads a NumPy .npy file into C order: versions 1 to 3, dtypes f8, f4, f2, i8, i4, u1 and bool,
 * either byte order, C or Fortran order. Object arrays are refused, because they are pickles, which
 * can run code.
 *
 * @throws LeakageError `file` for anything but a complete file with one of these dtypes.
 */
export function readNpy(bytes: Uint8Array, source: string): NamedArray {
  const refuse = (why: string): never => {
    throw new LeakageError("file", `${source} is not a valid npy file: ${printable(why)}`);
  };
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte)) refuse("it must begin with \\x93NUMPY");
  const version = bytes[6]!;
  if (version < 1 || version > 3) refuse(`its version is ${version}; 1, 2 and 3 can be read`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const begin = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxHeader) refuse(`its header claims ${length} bytes; at most ${maxHeader} are allowed`);
  if (begin + length > bytes.length) refuse(`its header claims ${length} bytes, but ${bytes.length - begin} follow (truncated?)`);
  const header = new TextDecoder().decode(bytes.subarray(begin, begin + length));
  const [descr, fortran, extents] = [descrPattern, orderPattern, shapePattern].map((pattern) => pattern.exec(header)?.[1]);
  if (descr === undefined || fortran === undefined || extents === undefined)
    return refuse(`its header must give descr, fortran_order and shape, and is ${header.slice(0, 200).trim()}`);
  const [, order, code] = /^'([<>|=])(\w+)'$/.exec(descr) ?? [];
  if (code?.startsWith("O")) refuse("it holds Python objects (a pickle), which are never read; save numbers instead");
  if (code === undefined || !Object.hasOwn(widths, code))
    return refuse(`its dtype is ${descr}; ${Object.keys(widths).join(", ")} can be read`);
  const shape = extents.split(",").flatMap((extent) => (extent.trim() === "" ? [] : [Number(extent.trim().replace(/L$/, ""))]));
  if (!shape.every(Number.isSafeInteger)) refuse(`its shape is (${extents})`);
  const width = widths[code as Code];
  const expected = entryCount(shape) * width;
  const data = new Uint8Array(bytes.subarray(begin + length));
  if (data.length !== expected)
    refuse(`shape (${shape.join(", ")}) of dtype ${code} takes ${expected} bytes, but ${data.length} follow the header`);
  if (order === ">") swapBytes(data, width);
  const ordered = fortran === "True" ? fromFortran(data, shape, width) : data;
  if (code === "f2") return { shape, dtype: "F32", data: widenFloat16(new Uint16Array(ordered.buffer)) };
  if (code === "b1" && ordered.some((byte) => byte > 1)) refuse("it has dtype bool, but a byte that is neither 0 nor 1");
  return viewArray(dtypes[code as Exclude<Code, "f2">], shape, ordered.buffer);
}

/** Reverses the bytes of every entry of `width` bytes, in place. */
function swapBytes(data: Uint8Array, width: number): void {
  for (let begin = 0; begin < data.length; begin += width) data.subarray(begin, begin + width).reverse();
}

/** Converts entries from Fortran order (the first index runs fastest) to C order. */
function fromFortran(data: Uint8Array<ArrayBuffer>, shape: readonly number[], width: number): Uint8Array<ArrayBuffer> {
  const ordered = new Uint8Array(data.length);
  const strides = shape.map((_, axis) => entryCount(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  for (let target = 0; target < data.length; target += width) {
    const from = index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0) * width;
    for (let byte = 0; byte < width; byte++) ordered[target + byte] = data[from + byte]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return ordered;
}

/**
 * Writes an array exactly as `np.save` does: version 1.0, C order, little-endian, header padded to
 * 64 bytes.
 */
export function writeNpy(array: NamedArray): Uint8Array {
  const shape = array.shape.length === 1 ? `${array.shape[0]},` : array.shape.join(", ");
  const text = `{'descr': '${descriptions[array.dtype]}', 'fortran_order': False, 'shape': (${shape}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length + array.data.byteLength);
  bytes.set([...magic, 1, 0, length & 255, length >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10);
  bytes.set(bytesOf(array), 10 + length);
  return bytes;
}
