import { LeakageError } from "../errors.ts";
import { widenBfloat16, widenFloat16 } from "./half-precision.ts";
import { topLevelKeys } from "./json-keys.ts";
import { bytesOf, entryCount, type NamedArray, type NamedArrays, viewArray } from "./named-array.ts";
import { printable } from "./printable.ts";

/** The format's own limit. */
const maxHeader = 100_000_000;

const widths = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, U8: 1, BOOL: 1 } as const;
type FileDtype = keyof typeof widths;
interface Entry {
  readonly name: string;
  readonly dtype: FileDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const isExtent = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/**
 * Reads a safetensors file: its arrays by name, in header order. Offsets must tile the data without
 * gap or overlap, as the format demands. NaN passes (see `requireFinite`).
 *
 * @throws LeakageError `file` for anything but a complete, consistent file with dtypes F64, F32,
 * F16, BF16, I64, I32, U8 and BOOL.
 */
export function readSafetensors(bytes: Uint8Array, source: string): NamedArrays {
  const refuse = (why: string, cause?: unknown): never => {
    throw new LeakageError("file", `${source} is not a valid safetensors file: ${printable(why)}`, { cause });
  };
  if (bytes.length < 8) refuse(`it must begin with 8 bytes of header length, but has ${bytes.length} bytes`);
  const announced = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (announced > BigInt(maxHeader)) refuse(`its header claims ${announced} bytes; at most ${maxHeader} are allowed`);
  const length = Number(announced);
  if (8 + length > bytes.length) refuse(`its header claims ${length} bytes, but ${bytes.length - 8} follow (truncated?)`);
  const { header, names } = parseHeader(bytes.subarray(8, 8 + length), refuse);
  const data = bytes.subarray(8 + length);

  const entries = names.filter((name) => name !== "__metadata__").map((name) => checkEntry(name, header[name], refuse));
  let position = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position)
      refuse(
        `${name} must begin at byte ${position} of the data, where the entry before it ends, and begins at ${begin} (a gap or an overlap)`,
      );
    position = end;
  }
  if (position !== data.length) refuse(`its entries take ${position} bytes, but ${data.length} bytes of data follow the header`);
  return new Map(entries.map((entry) => [entry.name, decode(entry, data, refuse)]));
}

function parseHeader(bytes: Uint8Array, refuse: (why: string, cause?: unknown) => never) {
  let text = "";
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    refuse("its header must be a JSON object in UTF-8", cause);
  }
  if (!isObject(header)) return refuse("its header must be a JSON object");
  const names = topLevelKeys(text);
  const twice = firstRepeated(names);
  if (twice !== undefined) refuse(`it names ${twice} twice`);
  return { header, names };
}

function firstRepeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

function checkEntry(name: string, entry: unknown, refuse: (why: string) => never): Entry {
  if (!isObject(entry)) return refuse(`${name} must be an object with dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(widths, dtype))
    return refuse(`${name} has dtype ${JSON.stringify(dtype)}; ${Object.keys(widths).join(", ")} can be read`);
  if (!Array.isArray(shape) || !shape.every(isExtent))
    return refuse(`${name} must have a shape of whole numbers, not ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isExtent))
    return refuse(`${name} must have two data_offsets, not ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets as [number, number];
  const expected = entryCount(shape) * widths[dtype as FileDtype];
  if (end - begin !== expected)
    refuse(`${name} of shape [${shape.join(", ")}] and dtype ${dtype} takes ${expected} bytes, but its data_offsets span ${end - begin}`);
  return { name, dtype: dtype as FileDtype, shape, begin, end };
}

function decode({ name, dtype, shape, begin, end }: Entry, data: Uint8Array, refuse: (why: string) => never): NamedArray {
  const own = new Uint8Array(data.subarray(begin, end));
  if (dtype === "F16") return { shape, dtype: "F32", data: widenFloat16(new Uint16Array(own.buffer)) };
  if (dtype === "BF16") return { shape, dtype: "F32", data: widenBfloat16(new Uint16Array(own.buffer)) };
  if (dtype === "BOOL" && own.some((byte) => byte > 1)) refuse(`${name} has dtype BOOL, but a byte that is neither 0 nor 1`);
  return viewArray(dtype, shape, own.buffer);
}

/**
 * Writes arrays in order as a safetensors file. The same arrays make the same bytes. The header is
 * padded so that the data starts at a multiple of 8.
 */
export function writeSafetensors(arrays: NamedArrays): Uint8Array {
  let position = 0;
  const header = [...arrays].map(([name, array]) => {
    const begin = position;
    position += array.data.byteLength;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype: array.dtype, shape: array.shape, data_offsets: [begin, position] })}`;
  });
  const text = new TextEncoder().encode(`{${header.join(",")}}`);
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + position).fill(0x20, 8, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  let offset = 8 + length;
  for (const array of arrays.values()) {
    bytes.set(bytesOf(array), offset);
    offset += array.data.byteLength;
  }
  return bytes;
}
