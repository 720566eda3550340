import type { RasterImage } from "./raster-image.ts";

/** How a camera was held: 1 is upright; see {@link upright}. */
type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/**
 * The orientation in the Exif data of a JPEG or PNG file. It is 1 where there is none, or where the
 * Exif data are damaged, as other programs have it.
 */
export function orientationIn(bytes: Uint8Array): Orientation {
  const tiff = bytes[0] === 0xff ? exifOfJpeg(bytes) : exifOfPng(bytes);
  return tiff ? orientationOf(tiff) : 1;
}

const text = (bytes: Uint8Array, from: number, length: number): string => String.fromCharCode(...bytes.subarray(from, from + length));

/** The TIFF data of the first segment APP1 with Exif data, before the image begins. */
function exifOfJpeg(bytes: Uint8Array): Uint8Array | undefined {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    // A marker may have fill bytes before it.
    if (marker === 0xff) at++;
    else if (marker === 0xda || marker === 0xd9) return undefined;
    else {
      const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      if (marker === 0xe1 && text(bytes, at + 4, 6) === "Exif\0\0") return bytes.subarray(at + 10, at + 2 + length);
      at += 2 + length;
    }
  }
  return undefined;
}

/** The TIFF data of the chunk eXIf. */
function exifOfPng(bytes: Uint8Array): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (text(bytes, at + 4, 4) === "eXIf") return bytes.subarray(at + 8, at + 8 + length);
    at += 12 + length;
  }
  return undefined;
}

/** The tag Orientation (0x0112) of the first directory. */
function orientationOf(tiff: Uint8Array): Orientation {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = text(tiff, 0, 2) === "II";
  if (tiff.length < 8 || (!little && text(tiff, 0, 2) !== "MM")) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > tiff.length) return 1;
    // A short (3) has its value in the first bytes of the field.
    if (view.getUint16(at, little) !== 0x0112 || view.getUint16(at + 2, little) !== 3) continue;
    const found = view.getUint16(at + 8, little);
    return found >= 1 && found <= 8 ? (found as Orientation) : 1;
  }
  return 1;
}

/**
 * Turns a stored image upright. 2 is mirrored, 3 turned by 180°, 4 upside down and mirrored, 5
 * transposed, 6 turned left (so it is turned right here), 7 transposed along the other diagonal, 8
 * turned right. The result is that of Pillow's `ImageOps.exif_transpose`.
 */
export function upright(image: RasterImage, orientation: Orientation): RasterImage {
  if (orientation === 1) return image;
  const { channels } = image;
  const across = orientation >= 5;
  const [width, height] = across ? [image.height, image.width] : [image.width, image.height];
  const mirrored = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const flipped = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  const data = new Uint8Array(image.data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [column, row] = across ? [y, x] : [x, y];
      const from = (flipped ? image.height - 1 - row : row) * image.width + (mirrored ? image.width - 1 - column : column);
      for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = image.data[from * channels + c]!;
    }
  return { width, height, channels, data };
}
