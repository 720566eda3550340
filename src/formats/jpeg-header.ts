import { LeakageError } from "../errors.ts";
import { requireImageSize } from "./raster-image.ts";

/** More scans than a real progressive image has. Each scan costs a pass over all pixels. */
const maxScans = 100;

/** The contents of a JPEG file's frame header. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/**
 * Walks over the segments of a JPEG file without decoding it. The file must be complete, with one
 * frame of gray (1 component) or color (3 components) at 8 bits and at most 64 megapixels.
 *
 * @throws LeakageError `file` for anything else.
 */
export function readJpegHeader(bytes: Uint8Array, source: string): JpegHeader {
  const refuse = (why: string): never => {
    throw new LeakageError("file", `${source} is not a valid JPEG file: ${why}`);
  };
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) refuse("it must begin with FF D8");
  const word = (at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
  let header: JpegHeader | undefined;
  let scans = 0;
  let position = 2;
  for (;;) {
    position = nextMarker(bytes, position);
    const marker = bytes[position + 1];
    if (marker === undefined) refuse("it ends before its end marker FF D9 (truncated?)");
    if (marker === 0xd9) break;
    const length = word(position + 2);
    if (position + 4 > bytes.length || length < 2 || position + 2 + length > bytes.length)
      refuse(`its segment at byte ${position} is cut off`);
    if (isFrame(marker!)) {
      if (header) refuse("it has more than one frame");
      header = readFrame(bytes.subarray(position + 4, position + 2 + length), refuse);
      requireImageSize(header.width, header.height, source);
    }
    if (marker === 0xda && ++scans > maxScans) refuse(`it has more than ${maxScans} scans`);
    position += 2 + length;
  }
  if (!header || scans === 0) return refuse("it has no image");
  return header;
}

/** Start of frame: C0 to CF, except for the tables C4, C8 and CC. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/**
 * The position of the next marker that begins a segment. Stuffed bytes (FF 00), fill bytes and
 * restart markers belong to the preceding data.
 */
function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const marker = bytes[at + 1] ?? 0;
    if (marker !== 0 && marker !== 0xff && marker !== 1 && !(marker >= 0xd0 && marker <= 0xd7)) return at;
  }
  return bytes.length;
}

function readFrame(frame: Uint8Array, refuse: (why: string) => never): JpegHeader {
  const [depth, , , , , components] = frame;
  if (frame.length < 6 || depth !== 8) return refuse(`it has ${depth} bits per sample; only 8 can be read`);
  if (components !== 1 && components !== 3) return refuse(`it has ${components} components (CMYK?); 1 (gray) and 3 (color) can be read`);
  return { height: (frame[1]! << 8) | frame[2]!, width: (frame[3]! << 8) | frame[4]!, channels: components };
}
