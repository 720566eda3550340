import startCodec from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { LeakageError } from "../errors.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import type { Picture } from "./picture.ts";

/** Decodes a JPEG file; `source` names it in errors. */
export type JpegDecoder = (bytes: Uint8Array, source: string) => Picture;

/** What this package uses of MozJPEG's module. */
interface Codec {
  decode(
    bytes: Uint8Array,
    preserveOrientation: boolean,
  ): { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray } | null;
}

/** Cameras pad their files so, or number them in their own way; nothing is lost. */
const harmless = /extraneous bytes? before marker|unknown JFIF revision/;

/**
 * A JPEG decoder: MozJPEG in WebAssembly, equal to libjpeg-turbo byte for byte. The caller brings
 * the compiled module (`@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`), so that the same code runs in
 * Node and in browsers. Orientation tags are not applied. Files that are truncated, damaged, larger
 * than 64 megapixels or not gray or RGB are a LeakageError.
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
      // A failed decoder keeps its memory; the next file gets a fresh one.
      codec = undefined;
      throw new LeakageError("file", `${source} is no valid JPEG file: ${complaint ?? "it cannot be decoded"}`);
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
    // libjpeg leaves by exit(), having said why on stderr.
    return null;
  }
}

/**
 * Starts the module at once: Emscripten fills the object that it is given before it returns, when
 * the instance comes without waiting.
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
