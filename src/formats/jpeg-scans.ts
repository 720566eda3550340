import { readScan } from "./jpeg-entropy.ts";
import { type HuffmanTable, huffmanTable } from "./jpeg-huffman.ts";

/** A color component of a JPEG file, with its coefficients. */
export interface Component {
  readonly id: number;
  /** The sampling factors across and down. */
  readonly h: number;
  readonly v: number;
  /** The samples of the component, without padding. */
  readonly width: number;
  readonly height: number;
  /** The blocks of 8 × 8 samples in a row and in a column, padded to whole units. */
  readonly columns: number;
  readonly rows: number;
  /** The quantization table, in zigzag order. */
  readonly quantization: Uint16Array;
  /** The quantized coefficients, block by block, in zigzag order. */
  readonly coefficients: Int16Array;
}

/** A JPEG file whose scans have been read. */
export interface Scans {
  readonly components: readonly Component[];
  /** Whether three components are luma and two differences, and not red, green and blue. */
  readonly luma: boolean;
}

/** Tables and settings that segments change on the way. */
interface State {
  readonly quantizations: (Uint16Array | undefined)[];
  readonly dc: (HuffmanTable | undefined)[];
  readonly ac: (HuffmanTable | undefined)[];
  restart: number;
  jfif: boolean;
  adobe: number | undefined;
}

type Refuse = (why: string) => never;

/**
 * Reads the segments and scans of a baseline, extended or progressive JPEG file with Huffman codes
 * (ITU-T T.81).
 *
 * @param bytes a file whose segments `readJpegHeader` has checked.
 * @param refuse throws for data that are damaged, or compressed in another way.
 */
export function readScans(bytes: Uint8Array, refuse: Refuse): Scans {
  const state: State = { quantizations: [], dc: [], ac: [], restart: 0, jfif: false, adobe: undefined };
  let frame: Frame | undefined;
  let at = 2;
  for (;;) {
    // Bytes before a marker are padding of cameras.
    while (!(bytes[at] === 0xff && bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff)) if (++at >= bytes.length) return refuse("it has no end");
    const marker = bytes[at + 1]!;
    at += 2;
    if (marker === 0xd9) break;
    if (marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    const end = at + ((bytes[at]! << 8) | bytes[at + 1]!);
    const segment = bytes.subarray(at + 2, end);
    at = end;
    if (marker === 0xdb) readQuantizations(segment, state, refuse);
    else if (marker === 0xc4) readHuffman(segment, state, refuse);
    else if (marker === 0xdd) state.restart = (segment[0]! << 8) | segment[1]!;
    else if (marker === 0xe0) state.jfif ||= startsWith(segment, "JFIF\0");
    else if (marker === 0xee && startsWith(segment, "Adobe")) state.adobe = segment[11];
    else if (marker === 0xc0 || marker === 0xc1 || marker === 0xc2) frame = readFrame(segment, marker === 0xc2, refuse);
    else if (marker > 0xc2 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc)
      refuse(`it is compressed in a rare way (marker FF ${marker.toString(16).toUpperCase()}); Huffman codes of 8 bits can be read`);
    else if (marker === 0xda) at = scan(bytes, at, segment, frame ?? refuse("it has a scan before its frame"), state, refuse);
  }
  if (!frame) return refuse("it has no image");
  const components = frame.components.map(({ table, ...component }) => ({
    ...component,
    quantization: component.quantization ?? refuse(`it lacks quantization table ${table}`),
  }));
  return { components, luma: isLuma(components, state) };
}

const startsWith = (segment: Uint8Array, text: string): boolean =>
  [...text].every((character, i) => segment[i] === character.charCodeAt(0));

interface FrameComponent extends Omit<Component, "quantization"> {
  readonly table: number;
  quantization: Uint16Array | undefined;
}

interface Frame {
  readonly progressive: boolean;
  readonly components: readonly FrameComponent[];
  /** The units of interleaved scans, across and down. */
  readonly across: number;
  readonly down: number;
}

function readFrame(segment: Uint8Array, progressive: boolean, refuse: Refuse): Frame {
  const [height, width] = [(segment[1]! << 8) | segment[2]!, (segment[3]! << 8) | segment[4]!];
  const count = segment[5]!;
  if (segment.length < 6 + 3 * count) refuse("its frame is cut off");
  const described = Array.from({ length: count }, (_, i) => {
    const [id, factors, table] = segment.subarray(6 + 3 * i, 9 + 3 * i) as unknown as [number, number, number];
    return { id, h: factors >> 4, v: factors & 15, table };
  });
  if (described.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) refuse("its sampling factors must be 1 to 4");
  const [most, tallest] = [Math.max(...described.map(({ h }) => h)), Math.max(...described.map(({ v }) => v))];
  if (described.some(({ h, v }) => most % h !== 0 || tallest % v !== 0)) refuse("its sampling factors must divide one another");
  const [across, down] = [Math.ceil(width / (8 * most)), Math.ceil(height / (8 * tallest))];
  return {
    progressive,
    across,
    down,
    components: described.map(({ id, h, v, table }) => ({
      ...{ id, h, v, table, quantization: undefined },
      width: Math.ceil((width * h) / most),
      height: Math.ceil((height * v) / tallest),
      columns: across * h,
      rows: down * v,
      coefficients: new Int16Array(64 * across * h * down * v),
    })),
  };
}

function readQuantizations(segment: Uint8Array, { quantizations }: State, refuse: Refuse): void {
  for (let at = 0; at < segment.length; ) {
    const [wide, place] = [segment[at]! >> 4, segment[at]! & 15];
    if (wide > 1 || place > 3 || at + 1 + 64 * (wide + 1) > segment.length) refuse("a quantization table is damaged");
    quantizations[place] = Uint16Array.from({ length: 64 }, (_, i) =>
      wide === 1 ? (segment[at + 1 + 2 * i]! << 8) | segment[at + 2 + 2 * i]! : segment[at + 1 + i]!,
    );
    at += 1 + 64 * (wide + 1);
  }
}

function readHuffman(segment: Uint8Array, { dc, ac }: State, refuse: Refuse): void {
  for (let at = 0; at < segment.length; ) {
    const [kind, place] = [segment[at]! >> 4, segment[at]! & 15];
    const counts = segment.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (kind > 1 || place > 3 || total > 256 || at + 17 + total > segment.length) refuse("a Huffman table is damaged");
    const table = huffmanTable(counts, segment.subarray(at + 17, at + 17 + total)) ?? refuse("a Huffman table has too many codes");
    (kind === 0 ? dc : ac)[place] = table;
    at += 17 + total;
  }
}

/** Reads one scan. @returns the position behind it. */
function scan(bytes: Uint8Array, at: number, segment: Uint8Array, frame: Frame, state: State, refuse: Refuse): number {
  const count = segment[0]!;
  if (count < 1 || count > 3 || segment.length < 4 + 2 * count) refuse("the header of a scan is damaged");
  const [first, last, bits] = segment.subarray(1 + 2 * count) as unknown as [number, number, number];
  const chosen = Array.from({ length: count }, (_, i) => {
    const component = frame.components.find(({ id }) => id === segment[1 + 2 * i]) ?? refuse("a scan has an unknown component");
    const tables = segment[2 + 2 * i]!;
    // A component keeps the table that is there when its first scan begins.
    component.quantization ??= state.quantizations[component.table];
    return { component, dc: state.dc[tables >> 4], ac: state.ac[tables & 15] };
  });
  const { progressive, across, down } = frame;
  if (progressive && (first > last || last > 63 || (first === 0) !== (last === 0) || (first > 0 && count > 1)))
    refuse("the spectrum of a progressive scan is wrong");
  return readScan(
    bytes,
    at,
    {
      components: chosen,
      units: count > 1 ? { across, down } : undefined,
      restart: state.restart,
      progressive,
      ...(progressive ? { first, last, high: bits >> 4, low: bits & 15 } : { first: 0, last: 63, high: 0, low: 0 }),
    },
    refuse,
  );
}

/** What the three components are, as libjpeg decides it. */
function isLuma(components: readonly { readonly id: number }[], { jfif, adobe }: State): boolean {
  if (jfif) return true;
  if (adobe !== undefined) return adobe !== 0;
  return components.map(({ id }) => id).join() !== [..."RGB"].map((letter) => letter.charCodeAt(0)).join();
}
