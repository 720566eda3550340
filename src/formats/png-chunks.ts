import { LeakageError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import { requireImageSize } from "./raster-image.ts";

/** Samples per pixel by color type: gray, RGB, palette, gray with alpha, RGB with alpha. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depths: Readonly<Record<number, readonly number[]>> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };

/** The contents of a PNG file's header. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits per sample. */
  readonly depth: number;
  readonly colorType: number;
  /** Samples per pixel. */
  readonly channels: number;
  readonly interlaced: boolean;
}

/** The parts of a PNG file that determine its pixels. */
export interface PngParts extends PngHeader {
  /** The palette with three bytes per color; empty if there is none. */
  readonly palette: Uint8Array;
  /** The tRNS chunk; empty if there is none. */
  readonly transparency: Uint8Array;
  /** The compressed pixels (zlib): all IDAT chunks concatenated. */
  readonly deflated: Uint8Array;
  /** The file reduced to header, pixels and end, without profiles, texts or animation. */
  readonly essence: Uint8Array;
}

type Refuse = (why: string) => never;

/**
 * Walks over the chunks of a PNG file and checks the header and the chunks' order, lengths and
 * checksums. It inflates nothing.
 *
 * @throws LeakageError `file` for an invalid file.
 */
export function readPngChunks(bytes: Uint8Array, source: string): PngParts {
  const refuse: Refuse = (why) => {
    throw new LeakageError("file", `${source} is not a valid PNG file: ${why}`);
  };
  if ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].some((byte, i) => bytes[i] !== byte)) refuse("it must begin with the PNG signature");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const single = new Map<string, Uint8Array>();
  const pixels: Uint8Array[] = [];
  const essence = [bytes.subarray(0, 8)];
  let last = "";
  for (let position = 8; last !== "IEND"; ) {
    if (position + 12 > bytes.length) refuse("it ends before its IEND chunk (truncated?)");
    const length = view.getUint32(position);
    const type = String.fromCharCode(...bytes.subarray(position + 4, position + 8));
    const next = position + 12 + length;
    if (!/^[A-Za-z]{4}$/.test(type)) refuse(`a chunk must begin at byte ${position}, but none does`);
    if (next > bytes.length) refuse(`its ${type} chunk claims ${length} bytes, but the file ends before that (truncated?)`);
    if (last === "" && type !== "IHDR") refuse(`its first chunk must be IHDR, not ${type}`);
    if (crc32(bytes.subarray(position + 4, next - 4)) !== view.getUint32(next - 4))
      refuse(`the checksum of its ${type} chunk does not match its contents`);
    const content = bytes.subarray(position + 8, next - 4);
    if (type === "IDAT") {
      if (pixels.length > 0 && last !== "IDAT") refuse("its IDAT chunks must follow each other");
      pixels.push(content);
    } else if (["IHDR", "PLTE", "tRNS", "IEND"].includes(type)) {
      if (single.has(type)) refuse(`its ${type} chunk is repeated`);
      if (type !== "IEND" && pixels.length > 0) refuse(`its ${type} chunk must come before the pixels`);
      single.set(type, content);
    } else if (type[0]! < "a") refuse(`its chunk ${type} is unknown and marked as critical`);
    if (["IHDR", "IDAT", "IEND"].includes(type)) essence.push(bytes.subarray(position, next));
    last = type;
    position = next;
  }
  const header = readHeader(single.get("IHDR")!, refuse);
  requireImageSize(header.width, header.height, source);
  const palette = single.get("PLTE") ?? new Uint8Array();
  if (header.colorType === 3 && (palette.length === 0 || palette.length % 3 !== 0 || palette.length > 768))
    refuse(`its palette must have 1 to 256 colors of 3 bytes, but has ${palette.length} bytes`);
  return { ...header, palette, transparency: single.get("tRNS") ?? new Uint8Array(), deflated: join(pixels), essence: join(essence) };
}

function readHeader(content: Uint8Array, refuse: Refuse): PngHeader {
  if (content.length !== 13) refuse(`its IHDR chunk must have 13 bytes, but has ${content.length}`);
  const view = new DataView(content.buffer, content.byteOffset);
  const [depth, colorType, compression, filter, interlace] = content.subarray(8) as unknown as readonly [
    number,
    number,
    number,
    number,
    number,
  ];
  if (!depths[colorType]?.includes(depth)) refuse(`it has color type ${colorType} with ${depth} bits per sample, which does not exist`);
  if (compression !== 0 || filter !== 0 || interlace > 1)
    refuse(`it has compression ${compression}, filter ${filter} and interlace ${interlace}; 0, 0 and 0 or 1 are defined`);
  // The decoder assumes one byte per pixel in every interlace pass.
  if (interlace === 1 && depth < 8) refuse(`interlaced images can be read with 8 or 16 bits per sample, not ${depth}`);
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth,
    colorType,
    channels: samples[colorType]!,
    interlaced: interlace === 1,
  };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
