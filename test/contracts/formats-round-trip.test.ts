import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePng, encodePng, readNpz, readSafetensors, writeNpz, writeSafetensors } from "../../src/formats/index.ts";

describe("arrays come back as they were", () => {
  const shape = fc.array(fc.nat(4), { maxLength: 3 });
  const array = shape.chain((extents) => {
    const length = extents.reduce((product, extent) => product * extent, 1);
    const exactly = { minLength: length, maxLength: length };
    return fc.oneof(
      fc.float32Array(exactly).map((data) => ({ shape: extents, dtype: "F32" as const, data })),
      fc.float64Array(exactly).map((data) => ({ shape: extents, dtype: "F64" as const, data })),
      fc.bigInt64Array(exactly).map((data) => ({ shape: extents, dtype: "I64" as const, data })),
      fc.int32Array(exactly).map((data) => ({ shape: extents, dtype: "I32" as const, data })),
      fc.uint8Array(exactly).map((data) => ({ shape: extents, dtype: "U8" as const, data })),
      fc.uint8Array({ ...exactly, max: 1 }).map((data) => ({ shape: extents, dtype: "BOOL" as const, data })),
    );
  });
  it("through safetensors", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.tuple(
            fc.string().filter((name) => name !== "__metadata__"),
            array,
          ),
          { selector: ([name]) => name },
        ),
        (entries) => {
          const bytes = writeSafetensors(new Map(entries));
          expect([...readSafetensors(bytes, "f")]).toEqual(entries);
          expect(writeSafetensors(new Map(entries))).toEqual(bytes);
        },
      ),
      { numRuns: 100, seed: 1 },
    );
  });
  it("through npz", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9._]{0,8}$/);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, array), { selector: ([key]) => key }), (entries) => {
        const bytes = writeNpz(new Map(entries));
        expect([...readNpz(bytes, "f")]).toEqual(entries);
        expect(writeNpz(new Map(entries))).toEqual(bytes);
      }),
      { numRuns: 100, seed: 1 },
    );
  });
  it("and images, through PNG", () => {
    const image = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(1 as const, 3 as const))
      .chain(([width, height, channels]) =>
        fc
          .uint8Array({ minLength: width * height * channels, maxLength: width * height * channels })
          .map((data) => ({ width, height, channels, data })),
      );
    fc.assert(
      fc.property(image, (original) => {
        expect(decodePng(encodePng(original), "f")).toEqual(original);
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});
