import { readFileSync } from "node:fs";
import { gzipSync, zipSync, zlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { LeakageError } from "../../src/errors.ts";
import {
  decodeJpeg,
  decodePng,
  encodePng,
  readCifar,
  readIdx,
  readNpy,
  readNpz,
  readSafetensors,
  requireFinite,
  writeIdx,
  writeNpy,
  writeNpz,
  writeSafetensors,
} from "../../src/formats/index.ts";
import { pngChunk } from "./file-surgery.ts";

/** The sentence of the error, which must be a LeakageError about a file. */
function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(LeakageError);
    expect((error as LeakageError).code).toBe("file");
    return (error as LeakageError).message;
  }
  throw new Error("nothing was refused");
}

const text = (words: string) => new TextEncoder().encode(words);
const join = (...parts: readonly ArrayLike<number>[]) => Uint8Array.from(parts.flatMap((part) => Array.from(part)));
const patched = (bytes: Uint8Array, at: number, ...values: readonly number[]) => {
  const copy = new Uint8Array(bytes);
  copy.set(values, at < 0 ? bytes.length + at : at);
  return copy;
};
const pair = { shape: [2], dtype: "F32", data: Float32Array.of(1, 2) } as const;

describe("safetensors", () => {
  const file = (header: string, data = 0) => {
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(text(header).length), true);
    return join(length, text(header), new Uint8Array(data));
  };
  const entry = (shape: string, begin: number, end: number, dtype = "F32") =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
  const whole = writeSafetensors(new Map([["w", pair]]));

  it.each([
    ["empty", new Uint8Array(), "must begin with 8 bytes of header length, but has 0 bytes"],
    ["truncated", whole.subarray(0, -1), "its entries take 8 bytes, but 7 bytes of data follow"],
    ["truncated header", whole.subarray(0, 20), "its header claims 56 bytes, but 12 follow"],
    [
      "endless header",
      patched(whole, 0, 0, 0, 0, 0, 0, 0, 0, 255),
      "its header claims 18374686479671623680 bytes; at most 100000000 are allowed",
    ],
    ["no JSON", file("{"), "its header must be a JSON object"],
    ["a list", file("[]"), "its header must be a JSON object"],
    ["no UTF-8", patched(file('{"a":1}'), 10, 255), "its header must be a JSON object in UTF-8"],
    ["control characters", file('{"\\u001b[2J":1}'), "\\u{1b}[2J must be an object"],
    ["no entry", file('{"a":1}'), "a must be an object with dtype, shape and data_offsets"],
    [
      "unknown dtype",
      file(`{"a":${entry("[2]", 0, 8, "F4")}}`, 8),
      'a has dtype "F4"; F64, F32, F16, BF16, I64, I32, U8, BOOL can be read',
    ],
    ["inherited dtype", file(`{"a":${entry("[2]", 0, 8, "toString")}}`, 8), 'a has dtype "toString"'],
    ["negative extent", file(`{"a":${entry("[-2]", 0, 8)}}`, 8), "a must have a shape of whole numbers, not [-2]"],
    ["broken extent", file(`{"a":${entry("[0.5]", 0, 2)}}`, 2), "a must have a shape of whole numbers"],
    ["overflowing shape", file(`{"a":${entry("[4294967296,4294967296]", 0, 0)}}`), "takes Infinity bytes, but its data_offsets span 0"],
    [
      "wrong byte count",
      file(`{"a":${entry("[3]", 0, 8)}}`, 8),
      "a of shape [3] and dtype F32 takes 12 bytes, but its data_offsets span 8",
    ],
    ["overlap", file(`{"a":${entry("[2]", 0, 8)},"b":${entry("[2]", 4, 12)}}`, 12), "b must begin at byte 8 of the data"],
    ["gap", file(`{"a":${entry("[1]", 0, 4)},"b":${entry("[1]", 8, 12)}}`, 12), "b must begin at byte 4 of the data"],
    ["surplus", file(`{"a":${entry("[1]", 0, 4)}}`, 8), "its entries take 4 bytes, but 8 bytes"],
    ["repeated name", file(`{"a":${entry("[0]", 0, 0)},"\\u0061":${entry("[0]", 0, 0)}}`), "it names a twice"],
    ["broken bool", patched(file(`{"a":${entry("[1]", 0, 1, "BOOL")}}`, 1), -1, 2), "a has dtype BOOL, but a byte that is neither 0 nor 1"],
  ])("%s", (_, bytes, words) => {
    const sentence = complaint(() => readSafetensors(bytes, "u.safetensors"));
    expect(sentence).toContain("u.safetensors is not a valid safetensors file");
    expect(sentence).toContain(words);
  });

  it("keeps names as they are written, in their order, and metadata out", () => {
    const names = ["b", "10", "9", "__proto__", 'quo"te\\'];
    const read = readSafetensors(writeSafetensors(new Map(names.map((name) => [name, pair]))), "n.safetensors");
    expect([...read.keys()]).toEqual(names);
    expect([...readSafetensors(file(`{"__metadata__":{"a":"b"},"w":${entry("[1]", 0, 4)}}`, 4), "m").keys()]).toEqual(["w"]);
  });

  it("lets NaN pass, and requireFinite names the place", () => {
    const bad = { ...pair, data: Float32Array.of(1, Number.NaN) };
    const read = readSafetensors(writeSafetensors(new Map([["w", bad]])), "n.safetensors").get("w")!;
    expect(complaint(() => requireFinite(read, "w", "n.safetensors"))).toBe(
      "n.safetensors: w must hold finite numbers, but entry 1 of 2 is NaN",
    );
    requireFinite(pair, "w", "n.safetensors");
  });
});

describe("npy", () => {
  const whole = writeNpy(pair);
  const header = (words: string) => {
    const padded = `${words.padEnd(117)}\n`;
    return join([0x93], text("NUMPY"), [1, 0, padded.length, 0], text(padded), new Uint8Array(8));
  };
  it.each([
    ["empty", new Uint8Array(), "it must begin with \\x93NUMPY"],
    ["truncated", whole.subarray(0, -1), "shape (2) of dtype f4 takes 8 bytes, but 7 follow the header"],
    ["surplus", join(whole, [0]), "takes 8 bytes, but 9 follow"],
    ["truncated header", whole.subarray(0, 40), "its header claims 118 bytes, but 30 follow"],
    ["version 9", patched(whole, 6, 9), "its version is 9"],
    ["endless header", patched(whole, 8, 255, 255), "its header claims 65535 bytes; at most 10000 are allowed"],
    ["code in the header", header("{'descr': __import__('os')}"), "its header must give descr, fortran_order and shape"],
    [
      "objects",
      header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"),
      "it holds Python objects (a pickle), which are never read",
    ],
    ["complex numbers", header("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }"), "its dtype is '<c8'"],
    ["two extents in one", header("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2,), }"), "its shape is (1 2,)"],
    ["overflowing shape", header("{'descr': '<f4', 'fortran_order': True, 'shape': (9007199254740993, 9), }"), "its shape is"],
    ["huge shape", header("{'descr': '<f4', 'fortran_order': True, 'shape': (4294967296, 4294967296), }"), "takes Infinity bytes"],
  ])("%s", (_, bytes, words) => {
    const sentence = complaint(() => readNpy(bytes, "a.npy"));
    expect(sentence).toContain("a.npy is not a valid npy file");
    expect(sentence).toContain(words);
  });
});

describe("npz", () => {
  const entry = writeNpy(pair);
  const whole = writeNpz(new Map([["w", pair]]));
  const deflated = zipSync({ "w.npy": entry }, { level: 9 });
  const central = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 6, true);
  /** Two archives in one: both entries, the second's directory entry changed. */
  const twice = zipSync({ "a.npy": entry, "b.npy": entry }, { level: 0 });
  const second = central(twice) + 46 + "a.npy".length;

  it.each([
    ["empty", new Uint8Array(), "it has no directory at its end"],
    ["truncated", whole.subarray(0, -1), "it has no directory at its end"],
    ["several parts", patched(whole, -18, 1), "archives in several parts are not read"],
    ["damaged directory", patched(whole, central(whole), 0), "entry 0 of its directory is missing or damaged"],
    ["damaged entry", patched(whole, 60, 7), "the checksum of entry w.npy does not match its contents"],
    ["damaged compression", patched(deflated, 40, 255, 255, 255, 255), "entry w.npy"],
    ["encrypted", patched(whole, central(whole) + 8, 1), "entry w.npy is encrypted"],
    ["unknown method", patched(whole, central(whole) + 10, 12), "entry w.npy is compressed by method 12"],
    ["wrong size", patched(whole, central(whole) + 24, 9), "entry w.npy is stored in 136 bytes but should have 9"],
    ["bomb that lies", patched(deflated, central(deflated) + 24, 9, 0), "entry w.npy inflates to more than the 9 bytes"],
    ["bomb that does not", patched(deflated, central(deflated) + 24, 255, 255, 255, 255), "its entries come to 4294967295 bytes"],
    ["outside the archive", zipSync({ "../w.npy": entry }), 'entry "../w.npy" names a path outside the archive'],
    ["at the root", zipSync({ "/w.npy": entry }), 'entry "/w.npy" names a path outside the archive'],
    ["on a drive", zipSync({ "c:w.npy": entry }), "names a path outside the archive"],
    ["with backslashes", zipSync({ "..\\w.npy": entry }), "names a path outside the archive"],
    ["repeated name", patched(patched(twice, second + 46, 0x61), 30 + 5 + entry.length + 30, 0x61), "it names a.npy twice"],
    ["another name inside", patched(twice, second + 46, 0x63), "entry c.npy has another name in front of its data"],
    ["no array", zipSync({ "readme.txt": entry }), "an npz archive must hold only .npy files, but entry readme.txt is not one"],
    ["bad array", zipSync({ "w.npy": entry.subarray(0, -1) }), "z.npz: entry w.npy is not a valid npy file"],
  ])("%s", (_, bytes, words) => {
    const sentence = complaint(() => readNpz(bytes, "z.npz"));
    expect(sentence).toContain("z.npz");
    expect(sentence).toContain(words);
  });

  it("entries that share their data", () => {
    const one = zipSync({ "a.npy": entry }, { level: 0 });
    const start = central(one);
    const local = one.subarray(0, start);
    const directory = one.subarray(start, -22);
    // The second entry lies inside the first one's data.
    const inner = zipSync({ "b.npy": local }, { level: 0 });
    const outer = central(inner);
    const bytes = join(
      inner.subarray(0, outer),
      inner.subarray(outer, -22),
      patched(directory, 42, 30 + "b.npy".length),
      patched(patched(inner.subarray(-22), 8, 2, 0, 2), 12, directory.length * 2),
    );
    expect(complaint(() => readNpz(bytes, "o.npz"))).toContain("entries b.npy and a.npy overlap");
  });

  it("stops a bomb long before it is unpacked", () => {
    const bomb = zipSync({ "w.npy": new Uint8Array(2 ** 24) }, { level: 1 });
    const lying = patched(bomb, central(bomb) + 24, 0, 1, 0, 0);
    expect(complaint(() => readNpz(lying, "b.npz"))).toContain("entry w.npy inflates to more than the 256 bytes");
  });
});

describe("IDX", () => {
  const whole = writeIdx({ shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) });
  const packed = gzipSync(whole);
  it.each([
    ["empty", new Uint8Array(), "it must begin with two zero bytes"],
    ["truncated", whole.subarray(0, -1), "shape [2, 2] takes 4 bytes, but 3 follow the header"],
    ["surplus", join(whole, [0]), "takes 4 bytes, but 5 follow"],
    ["truncated header", whole.subarray(0, 9), "its header for 2 dimensions takes 12 bytes, but the file has 9"],
    ["floats", patched(whole, 2, 0x0d), "it has type 0x0d; 0x08 (unsigned bytes) can be read"],
    ["no dimensions", patched(whole, 3, 0), "its header for 0 dimensions"],
    ["huge", patched(whole, 4, 255, 255, 255, 255), "shape [4294967295, 2] takes 8589934590 bytes"],
    ["truncated gzip", packed.subarray(0, -1), "is not valid deflate data (unexpected EOF)"],
    ["short gzip", packed.subarray(0, 10), "it has no gzip header"],
    ["damaged gzip", patched(packed, -8, 0, 0, 0, 0), "its checksum does not match its contents"],
    ["gzip bomb", patched(packed, -4, 255, 255, 255, 255), "it claims to hold 4294967295 bytes; at most 1073741824 are allowed"],
  ])("%s", (_, bytes, words) => {
    const sentence = complaint(() => readIdx(bytes, "t-idx"));
    expect(sentence).toContain("t-idx");
    expect(sentence).toContain(words);
  });
});

describe("CIFAR-10", () => {
  it.each([
    ["empty", new Uint8Array(), "but the file has 0 bytes"],
    ["truncated", new Uint8Array(3073 + 3072), "must have records of 3073 bytes, but the file has 6145 bytes"],
    ["label 10", patched(new Uint8Array(2 * 3073), 3073, 10), "labels must be 0 to 9, but image 1 has label 10"],
  ])("%s", (_, bytes, words) => expect(complaint(() => readCifar(bytes, "b.bin"))).toMatch(new RegExp(`^b\\.bin: .*${words}`)));
});

describe("PNG", () => {
  const whole = encodePng({ width: 2, height: 2, channels: 3, data: Uint8Array.from({ length: 12 }, (_, i) => 20 * i) });
  const signature = whole.subarray(0, 8);
  const header = (width: number, height: number, depth = 8, type = 2, interlace = 0) => {
    const content = new Uint8Array(13);
    new DataView(content.buffer).setUint32(0, width);
    new DataView(content.buffer).setUint32(4, height);
    content.set([depth, type, 0, 0, interlace], 8);
    return pngChunk("IHDR", content);
  };
  const pixels = (raw: ArrayLike<number>) => pngChunk("IDAT", zlibSync(Uint8Array.from(raw)));
  const end = pngChunk("IEND", new Uint8Array());
  const file = (...chunks: readonly Uint8Array[]) => join(signature, ...chunks, end);
  const black = pixels(new Uint8Array(14));

  it.each([
    ["empty", new Uint8Array(), "it must begin with the PNG signature"],
    ["truncated", whole.subarray(0, -20), "its IDAT chunk claims"],
    ["truncated at a chunk", whole.subarray(0, -12), "it ends before its IEND chunk"],
    ["damaged pixels", patched(whole, -20, 1), "the checksum of its IDAT chunk does not match its contents"],
    ["no header", file(black), "its first chunk must be IHDR, not IDAT"],
    ["two headers", file(header(2, 2), header(2, 2), black), "its IHDR chunk is repeated"],
    ["short header", file(pngChunk("IHDR", new Uint8Array(5))), "its IHDR chunk must have 13 bytes, but has 5"],
    ["giant", file(header(2 ** 31, 2 ** 31), black), "an image of 2147483648 x 2147483648 pixels is too large"],
    [
      "64 megapixels and a line",
      file(header(8192, 8193), black),
      "an image of 8192 x 8193 pixels is too large; at most 67108864 pixels are allowed",
    ],
    ["no width", file(header(0, 2), black), "an image of 0 x 2 pixels is empty"],
    ["unknown color type", file(header(2, 2, 8, 5), black), "it has color type 5 with 8 bits per sample, which does not exist"],
    ["interlaced bits", file(header(2, 2, 1, 0, 1), black), "interlaced images can be read with 8 or 16 bits per sample, not 1"],
    ["no pixels", file(header(2, 2)), "its pixels are not compressed as PNG demands"],
    ["too few pixels", file(header(2, 2), pixels(new Uint8Array(13))), "the compressed pixels inflates to 13 bytes instead of 14"],
    ["bomb", file(header(2, 2), pixels(new Uint8Array(2 ** 24))), "more than the 14 bytes"],
    ["split pixels", file(header(2, 2), black, pngChunk("tEXt", text("a\0b")), black), "its IDAT chunks must follow each other"],
    ["unknown filter", file(header(2, 2), pixels(new Uint8Array(14).fill(9))), "its pixels cannot be decoded"],
    [
      "no palette",
      file(header(2, 2, 8, 3), pixels(new Uint8Array(6))),
      "its palette must have 1 to 256 colors of 3 bytes, but has 0 bytes",
    ],
    [
      "wrong color",
      file(header(2, 2, 8, 3), pngChunk("PLTE", Uint8Array.of(1, 2, 3)), pixels([0, 0, 0, 0, 0, 1])),
      "pixel 3 has color 1 of a palette of 1",
    ],
    ["unknown chunk", file(header(2, 2), pngChunk("ABCD", new Uint8Array()), black), "its chunk ABCD is unknown and marked as critical"],
    ["transparent color", file(header(2, 2), pngChunk("tRNS", new Uint8Array(6)), black), "it declares a transparent color"],
  ])("%s", (_, bytes, words) => {
    const sentence = complaint(() => decodePng(bytes, "p.png"));
    expect(sentence).toContain("p.png");
    expect(sentence).toContain(words);
  });

  it("is not misled by a bomb in a profile", () => {
    const profile = pngChunk("iCCP", join(text("p"), [0, 0], zlibSync(new Uint8Array(2 ** 24))));
    expect(decodePng(file(header(2, 2), profile, black), "p.png").data).toEqual(new Uint8Array(12));
  });
});

describe("JPEG", () => {
  const fixture = JSON.parse(readFileSync(new URL("../reference/formats.json", import.meta.url), "utf8")) as { jpeg: { file: string }[] };
  const whole = new Uint8Array(Buffer.from(fixture.jpeg[0]!.file, "base64"));
  const frame = whole.findIndex((byte, i) => byte === 0xff && whole[i + 1] === 0xc0);
  const scan = whole.findIndex((byte, i) => byte === 0xff && whole[i + 1] === 0xda);
  const scanHeader = whole.subarray(scan, scan + 14);

  it.each([
    ["empty", new Uint8Array(), "it must begin with FF D8"],
    ["truncated", whole.subarray(0, -2), "it ends before its end marker FF D9"],
    ["truncated tables", whole.subarray(0, 100), "is cut off"],
    ["giant", patched(whole, frame + 5, 255, 255, 255, 255), "an image of 65535 x 65535 pixels is too large"],
    ["no height", patched(whole, frame + 5, 0, 0), "is empty"],
    ["12 bits", patched(whole, frame + 4, 12), "it has 12 bits per sample; only 8 can be read"],
    ["two components", patched(whole, frame + 9, 2), "it has 2 components"],
    ["two frames", join(whole.subarray(0, scan), whole.subarray(frame, scan), whole.subarray(scan)), "it has more than one frame"],
    ["no image", join(whole.subarray(0, frame), [0xff, 0xd9]), "it has no image"],
    [
      "too many scans",
      join(whole.subarray(0, -2), ...Array.from({ length: 101 }, () => scanHeader), [0xff, 0xd9]),
      "it has more than 100 scans",
    ],
    ["missing pixels", join(whole.subarray(0, -200), [0xff, 0xd9]), "its data end before the image does"],
    ["arithmetic codes", patched(whole, frame + 1, 0xc9), "it is compressed in a rare way (marker FF C9)"],
    ["sampling factors that do not divide", patched(whole, frame + 14, 0x13), "its sampling factors must divide one another"],
    ["an unknown component", patched(whole, scan + 5, 9), "a scan has an unknown component"],
    ["missing tables", join(whole.subarray(0, 2), whole.subarray(frame)), "it lacks quantization table 0"],
  ])("%s", (_, bytes, words) => {
    const sentence = complaint(() => decodeJpeg(bytes, "j.jpg"));
    expect(sentence).toContain("j.jpg");
    expect(sentence).toContain(words);
  });
});
