import startCodec from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { LeakageError } from "../errors.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import type { RasterImage } from "./raster-image.ts";

/** Decodes a JPEG file. Errors name the file by `source`. */
export type JpegDecoder = (bytes: Uint8Array, source: string) => RasterImage;

/** The part of MozJPEG's module that this package uses. */
interface Codec {
  decode(
    bytes: Uint8Array,
    preserveOrientation: boolean,
  ): { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray } | null;
}

/** Complaints about padding or version numbers of cameras, which lose nothing. */
const harmless = /extraneous bytes? before marker|unknown JFIF revision/;

/**
 * Makes a JPEG decoder: MozJPEG in WebAssembly, equal to libjpeg-turbo byte for byte. The caller
 * supplies the compiled module (`@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`), so that the same code
 * runs in Node and in browsers. Orientation tags are not applied. The decoder throws a LeakageError
 * `file` for an image that is truncated, damaged, larger than 64 megapixels, or neither gray nor
 * RGB.
 */
export function jpegDecoder(wasm: WebAssembly.Module): JpegDecoder {
  const complaints: string[] = [];
  let codec: Codec | undefined;
  return (bytes, source) => {
    const { width, height, channels } = readJpegHeader(bytes, source);
    complaints.length = 0;
    codec ??= start(wasm, complaints);
    const decoded = decodeWith(codec, bytes);
    const complaint = complaints.find((line) => !harmless.test(line));
    if (!decoded || complaint !== undefined || decoded.width !== width || decoded.height !== height) {
      // A failed decoder keeps its memory, so the next file gets a fresh one.
      codec = undefined;
      throw new LeakageError("file", `${source} is not a valid JPEG file: ${complaint ?? "it cannot be decoded"}`);
    }
    const data = new Uint8Array(width * height * channels);
    for (let i = 0; i < width * height; i++) for (let c = 0; c < channels; c++) data[i * channels + c] = decoded.data[4 * i + c]!;
    return { width, height, channels, data };
  };
}

function decodeWith(codec: Codec, bytes: Uint8Array): ReturnType<Codec["decode"]> {
  try {
    return codec.decode(bytes, false);
  } catch {
    // libjpeg exits after it has printed the reason to stderr.
    return null;
  }
}

/**
 * Starts the module synchronously. Emscripten fills the object that it is given before it returns
 * if the instance is supplied without waiting.
 */
function start(wasm: WebAssembly.Module, complaints: string[]): Codec {
  const module = {
    noInitialRun: true,
    printErr: (line: string) => complaints.push(line),
    instantiateWasm(imports: WebAssembly.Imports, use: (instance: WebAssembly.Instance) => void): WebAssembly.Exports {
      const instance = new WebAssembly.Instance(wasm, imports);
      use(instance);
      return instance.exports;
    },
  };
  (startCodec as (module: object) => unknown)(module);
  return module as typeof module & Codec;
}
