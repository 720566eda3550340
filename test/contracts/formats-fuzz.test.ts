import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import fc from "fast-check";
import { gzipSync } from "fflate";
import { createTar } from "nanotar";
import { describe, it } from "vitest";
import { LeakageError } from "../../src/errors.ts";
import {
  decodePng,
  jpegDecoder,
  readCifar,
  readIdx,
  readNpy,
  readNpz,
  readSafetensors,
  readTarball,
  writeCifar,
  writeIdx,
} from "../../src/formats/index.ts";
import { withRightChecksums } from "./file-surgery.ts";

/** Mutated files a format; `npm run test:fuzz` sets 10000. */
const cases = Number(process.env.FUZZ_CASES ?? 500);
/** No small file, however mutated, may take longer than this: milliseconds. */
const patience = 5000;

const fixture = JSON.parse(readFileSync(new URL("../reference/formats.json", import.meta.url), "utf8")) as {
  readonly npy: readonly { file: string }[];
  readonly named: readonly { file: string; format: string }[];
  readonly png: readonly { file: string }[];
  readonly jpeg: readonly { file: string }[];
};
const files = (entries: readonly { file: string }[]) => entries.map(({ file }) => new Uint8Array(Buffer.from(file, "base64")));
const named = (format: string) => files(fixture.named.filter((entry) => entry.format === format));
const decodeJpeg = jpegDecoder(
  new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"))),
);
const idx = writeIdx({ shape: [3, 4, 5], data: Uint8Array.from({ length: 60 }, (_, i) => 4 * i) });

type Edit = (bytes: Uint8Array) => Uint8Array;

/** Places are fractions of the file, half of them in its first 64 bytes, where headers are. */
const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }).map((part) => (length: number) => Math.floor(part * length)),
  fc.nat(63).map((at) => (length: number) => Math.min(at, length)),
);
const loud = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, fc.array(loud, { minLength: 1, maxLength: 8 })).map(
    ([at, values]): Edit =>
      (bytes) =>
        bytes.map((byte, i) => values[i - at(bytes.length)] ?? byte),
  ),
  fc.tuple(place, fc.nat(7)).map(
    ([at, bit]): Edit =>
      (bytes) =>
        bytes.map((byte, i) => (i === at(bytes.length) ? byte ^ (1 << bit) : byte)),
  ),
  place.map(
    (at): Edit =>
      (bytes) =>
        bytes.slice(0, at(bytes.length)),
  ),
  fc.tuple(place, place).map(
    ([from, to]): Edit =>
      (bytes) =>
        Uint8Array.from([...bytes.subarray(0, from(bytes.length)), ...bytes.subarray(to(bytes.length))]),
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 40 })).map(
    ([at, more]): Edit =>
      (bytes) =>
        Uint8Array.from([...bytes.subarray(0, at(bytes.length)), ...more, ...bytes.subarray(at(bytes.length))]),
  ),
);

/** Reads mutants of the files: each is read, or refused by a LeakageError about a file, and soon. */
function survives(originals: readonly Uint8Array[], read: (bytes: Uint8Array, source: string) => unknown, repair?: Edit): void {
  fc.assert(
    fc.property(
      fc.constantFrom(...originals),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (original, edits, repaired) => {
        const mutant = edits.reduce((bytes, change) => change(bytes), original);
        refusedWell(() => read(repaired && repair ? repair(mutant) : mutant, "mutant"));
      },
    ),
    { numRuns: cases, seed: 1 },
  );
}

function refusedWell(read: () => unknown): void {
  const began = performance.now();
  try {
    read();
  } catch (error) {
    if (!(error instanceof LeakageError && error.code === "file" && error.message.includes("mutant"))) throw error;
  }
  if (performance.now() - began > patience) throw new Error("took too long");
}

describe("mutated files are read, or refused by a sentence", { timeout: 3_600_000 }, () => {
  it("safetensors", () => survives(named("safetensors"), readSafetensors));
  it("npy", () => survives(files(fixture.npy), readNpy));
  it("npz", () => survives(named("npz"), readNpz));
  it("IDX", () => survives([idx, gzipSync(idx)], readIdx));
  it("CIFAR-10", () => survives([writeCifar([3, 9], new Uint8Array(2 * 3072))], readCifar));
  it("PNG", () => survives(files(fixture.png), decodePng, withRightChecksums));
  it("JPEG", () => survives(files(fixture.jpeg), decodeJpeg));
  it("tarballs", () => {
    const tar = createTar(
      [
        { name: "package/a.txt", data: "a" },
        { name: "package/b.bin", data: new Uint8Array(600) },
      ],
      { attrs: { mtime: 0 } },
    );
    survives([tar], (bytes, source) => readTarball(gzipSync(bytes), source, 2 ** 20));
    survives([gzipSync(tar)], (bytes, source) => readTarball(bytes, source, 2 ** 20));
  });

  it("safetensors with headers that are JSON, and odd", () => {
    const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(-1, 0, 4, 8, 2 ** 32, 2 ** 53, 1e308, 0.5, "F32", null));
    const entry = fc.record(
      {
        dtype: fc.oneof(
          { arbitrary: fc.constantFrom("F32", "F64", "BF16", "BOOL", "__proto__"), weight: 3 },
          { arbitrary: odd, weight: 1 },
        ),
        shape: fc.oneof(fc.array(fc.oneof(fc.nat(3), odd), { maxLength: 3 }), odd),
        data_offsets: fc.oneof(fc.array(fc.oneof(fc.nat(16), odd), { maxLength: 3 }), odd),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("__metadata__", "__proto__", "w")), fc.oneof(entry, odd)),
        fc.nat(32),
        (header, length) => {
          const text = new TextEncoder().encode(JSON.stringify(header));
          const bytes = new Uint8Array(8 + text.length + length);
          new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
          bytes.set(text, 8);
          refusedWell(() => readSafetensors(bytes, "mutant"));
        },
      ),
      { numRuns: cases, seed: 1 },
    );
  });
});
