import { readFileSync } from "node:fs";
import fc from "fast-check";
import { gzipSync } from "fflate";
import { createTar } from "nanotar";
import { describe, it } from "vitest";
import { LeakageError } from "../../src/errors.ts";
import {
  decodeJpeg,
  decodePng,
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
const idx = writeIdx({ shape: [3, 4, 5], data: Uint8Array.from({ length: 60 }, (_, i) => 4 * i) });

type Edit = (bytes: Uint8Array) => Uint8Array;

/** Places are fractions of the file, half of them in its first 64 bytes, where headers are. */
const place = fc.oneof(
  fc.noBias(fc.nat(2 ** 20)).map((part) => (length: number) => Math.floor((part / 2 ** 20) * length)),
  fc.noBias(fc.nat(63)).map((at) => (length: number) => Math.min(at, length)),
);
const loud = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
const overwrite: fc.Arbitrary<Edit> = fc.tuple(place, fc.array(loud, { minLength: 1, maxLength: 4 })).map(
  ([at, values]) =>
    (bytes) =>
      bytes.map((byte, i) => values[i - at(bytes.length)] ?? byte),
);
const flip: fc.Arbitrary<Edit> = fc.tuple(place, fc.nat(7)).map(
  ([at, bit]) =>
    (bytes) =>
      bytes.map((byte, i) => (i === at(bytes.length) ? byte ^ (1 << bit) : byte)),
);
const cut: fc.Arbitrary<Edit> = place.map((at) => (bytes) => bytes.slice(0, at(bytes.length)));
/** Takes a part out, or doubles it. */
const splice: fc.Arbitrary<Edit> = fc.tuple(place, place).map(
  ([from, to]) =>
    (bytes) =>
      Uint8Array.from([...bytes.subarray(0, from(bytes.length)), ...bytes.subarray(to(bytes.length))]),
);
const insert: fc.Arbitrary<Edit> = fc.tuple(place, fc.uint8Array({ maxLength: 40 })).map(
  ([at, more]) =>
    (bytes) =>
      Uint8Array.from([...bytes.subarray(0, at(bytes.length)), ...more, ...bytes.subarray(at(bytes.length))]),
);
const edit = fc.oneof(
  { arbitrary: overwrite, weight: 6 },
  { arbitrary: flip, weight: 6 },
  { arbitrary: cut, weight: 1 },
  { arbitrary: splice, weight: 1 },
  { arbitrary: insert, weight: 1 },
);
const edits = fc.oneof(fc.array(edit, { minLength: 1, maxLength: 1 }), fc.array(edit, { minLength: 2, maxLength: 4 }));

interface Depth {
  /**
   * Bytes at the beginning that seven mutants of eight keep, so that they are not refused for their
   * signature.
   */
  readonly kept?: number;
  /** Makes checksums right again, for half of the mutants. */
  readonly repair?: Edit;
}

/**
 * Reads mutants of the files: each is read, or refused by a LeakageError about a file, and soon.
 */
function survives(
  originals: readonly Uint8Array[],
  read: (bytes: Uint8Array, source: string) => unknown,
  { kept = 0, repair }: Depth = {},
): void {
  fc.assert(
    fc.property(fc.constantFrom(...originals), edits, fc.nat(7), fc.boolean(), (original, changes, whole, repaired) => {
      const begin = whole === 0 ? 0 : kept;
      const rest = changes.reduce((bytes, change) => change(bytes), original.subarray(begin));
      const mutant = Uint8Array.from([...original.subarray(0, begin), ...rest]);
      refusedWell(() => read(repaired && repair ? repair(mutant) : mutant, "mutant"));
    }),
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
  it("safetensors", () => survives(named("safetensors"), readSafetensors, { kept: 8 }));
  it("npy", () => survives(files(fixture.npy), readNpy, { kept: 8 }));
  it("npz", () => survives(named("npz"), readNpz));
  it("IDX", () => {
    survives([idx], readIdx, { kept: 3 });
    survives([gzipSync(idx)], readIdx, { kept: 10 });
  });
  it("CIFAR-10", () => survives([writeCifar([3, 9], new Uint8Array(2 * 3072))], readCifar));
  it("PNG", () => survives(files(fixture.png), decodePng, { kept: 8, repair: withRightChecksums }));
  it("JPEG", () => survives(files(fixture.jpeg), decodeJpeg, { kept: 2 }));
  it("tarballs", () => {
    const tar = createTar(
      [
        { name: "package/a.txt", data: "a" },
        { name: "package/b.bin", data: new Uint8Array(600) },
      ],
      { attrs: { mtime: 0 } },
    );
    survives([tar], (bytes, source) => readTarball(gzipSync(bytes), source, 2 ** 20));
    survives([gzipSync(tar)], (bytes, source) => readTarball(bytes, source, 2 ** 20), { kept: 10 });
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
