import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LeakageError } from "../../src/errors.ts";
import { canonicalJson, catalogue, chainable, format, nearest, nested, type PartSpec, part, specHash } from "../../src/parts/index.ts";

const build = () => 0;
const leaf = part({
  kind: "leaf",
  doc: "",
  params: {
    number: z.number(),
    integers: z.array(z.int()),
    text: z.string(),
    texts: z.array(z.string()),
    flag: z.boolean(),
    mixed: z.union([z.literal("auto"), z.number(), z.boolean(), z.null(), z.string()]),
  },
  build,
});
const bare = part({ kind: "bare", doc: "", params: {}, build });
const inner = chainable(catalogue("leaf", [leaf, bare]), build);
const tree = part({ kind: "tree", doc: "", params: { one: nested("leaf", () => inner), depth: z.number() }, build });
const outer = chainable(catalogue("tree", [tree, bare]), build);

const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()).map((x) => x + 0);
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("1e5", "none", "true", "a/b", "(x)", '"', "a+b", "\\", " a", "auto"),
);
const leafSpec = fc.record({
  kind: fc.constant("leaf"),
  number,
  integers: fc.array(fc.maxSafeInteger()),
  text,
  texts: fc.array(text),
  flag: fc.boolean(),
  mixed: fc.oneof(number, text, fc.boolean(), fc.constant(null)),
});
const bareSpec = fc.constant({ kind: "bare" });
const chainOf = <T extends PartSpec>(one: fc.Arbitrary<T>) => fc.oneof(one, fc.array(one, { minLength: 2, maxLength: 3 }));
const treeSpec = fc.record({ kind: fc.constant("tree"), one: chainOf(fc.oneof(leafSpec, bareSpec)), depth: number });
const spec = chainOf<PartSpec>(fc.oneof(treeSpec, bareSpec));

describe("flag text", () => {
  it("reads back as the spec it was written from", () => {
    fc.assert(
      fc.property(spec, (spec) => {
        expect(canonicalJson(outer.parse(format(spec)))).toBe(canonicalJson(spec));
      }),
    );
  });

  it("means what the data means", () => {
    fc.assert(
      fc.property(spec, (spec) => {
        expect(specHash(outer.parse(spec))).toBe(specHash(outer.parse(format(spec))));
      }),
    );
  });
});

describe("a flag from anywhere", () => {
  const scrap = fc.constantFrom(
    "tree",
    "leaf",
    "bare",
    ":",
    "=",
    ",",
    "+",
    "(",
    ")",
    "/",
    '"',
    "\\",
    "one",
    "number",
    "1e",
    "-",
    "none",
    "\n",
    "é",
  );
  const anything = fc.oneof(
    fc.string(),
    fc.array(scrap, { maxLength: 20 }).map((scraps) => scraps.join("")),
  );

  it("is read or refused, never broken on", () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.jsonValue()), (input) => {
        try {
          outer.parse(input);
        } catch (error) {
          expect(error).toBeInstanceOf(LeakageError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("canonical JSON", () => {
  it("is the example of RFC 8785, section 3.2.3", () => {
    const value = {
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\u002f",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("sorts keys by UTF-16 units, as section 3.2.3 has it", () => {
    const keys = ["\u20ac", "\r", "\ufb33", "1", "\u{1f600}", "\u0080", "\u00f6"];
    const sorted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"];
    expect(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))).toBe(
      `{${sorted.map((key) => `${JSON.stringify(key)}:0`).join(",")}}`,
    );
  });

  it("does not depend on the order of keys, and is JSON of the same value", () => {
    const shuffled = fc.dictionary(fc.string(), fc.jsonValue()).chain((value) =>
      fc.record({
        value: fc.constant(value),
        entries: fc.shuffledSubarray(Object.entries(value), { minLength: Object.keys(value).length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ value, entries }) => {
        expect(canonicalJson(Object.fromEntries(entries))).toBe(canonicalJson(value));
        expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
      }),
    );
  });

  it("refuses what JSON cannot hold, naming the place", () => {
    expect(() => canonicalJson({ a: [1, Number.NaN] })).toThrow("at the value.a[1]; got NaN");
    expect(() => canonicalJson({ a: () => 1 })).toThrow("Expected plain data at the value.a; got function");
  });

  it("has the SHA-256 of its UTF-8 bytes", () => {
    // printf '{}' | sha256sum, and printf '{"a":"é"}' | sha256sum
    expect(specHash({})).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    expect(specHash({ a: "é" })).toBe("b3a092a6af48807fa9482b2ee140105575daa26d5b24b3c0e60a7e2dee6683b1");
  });
});

describe("nearest", () => {
  it("finds a word through one typing mistake", () => {
    const words = ["inverting-gradients", "gaussian", "laplacian", "dlg", "idlg"];
    expect(nearest("guassian", words)).toBe("gaussian");
    expect(nearest("inverting-gradient", words)).toBe("inverting-gradients");
    expect(nearest("idgl", words)).toBe("idlg");
    expect(nearest("zzz", words)).toBeUndefined();
  });
});
