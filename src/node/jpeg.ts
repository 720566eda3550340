import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type JpegDecoder, jpegDecoder } from "../formats/index.ts";

/**
 * A JPEG decoder that uses the WebAssembly module of the installed package. The module is compiled
 * for the first JPEG file.
 */
export function jpegFromDisk(): JpegDecoder {
  let decode: JpegDecoder | undefined;
  return (bytes, source) => {
    decode ??= jpegDecoder(
      new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"))),
    );
    return decode(bytes, source);
  };
}
