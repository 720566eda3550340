import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { catalogue, chainable, concise, nested, part } from "../../src/parts/index.ts";

const noise = part({
  kind: "noise",
  doc: "",
  params: { scale: z.number().default(0.1), per: z.enum(["update", "example"]).default("update"), seed: z.int() },
  build: () => 0,
});
const none = part({ kind: "none", doc: "", params: {}, build: () => 0 });
const parts = chainable(catalogue("part", [noise, none]), () => 0);

describe("the fewest words of a part", () => {
  it("read back as the same spec, with or without its strength", () => {
    const link = fc.oneof(
      fc.constant({ kind: "none" }),
      fc.record({
        kind: fc.constant("noise"),
        scale: fc.oneof(
          fc.constant(0.1),
          fc.double({ min: -1, max: 1, noNaN: true }).map((x) => x + 0),
        ),
        per: fc.constantFrom("update", "example"),
        seed: fc.integer(),
      }),
    );
    fc.assert(
      fc.property(fc.array(link, { minLength: 1, maxLength: 3 }), fc.boolean(), (chain, strength) => {
        const spec = parts.parse(chain);
        expect(parts.parse(concise(parts, spec, strength))).toEqual(spec);
      }),
    );
  });

  it("leave out what is at its default, but not a strength that is asked for, nor what has no default", () => {
    const spec = parts.parse("noise:seed=3+noise:scale=0.2,per=example,seed=0+none");
    expect(concise(parts, spec)).toBe("noise:seed=3+noise:scale=0.2,per=example,seed=0+none");
    expect(concise(parts, spec, true)).toBe("noise:scale=0.1,seed=3+noise:scale=0.2,per=example,seed=0+none");
  });

  it("are few in nested parts and chains as well", () => {
    const outer = part({
      kind: "outer",
      doc: "",
      params: { inner: nested("part", () => parts).optional(), other: nested("part", () => parts).prefault("noise:seed=1") },
      build: () => 0,
    });
    const outers = catalogue("outer", [outer]);
    const spec = outers.parse("outer:inner=(noise:seed=2,scale=0.1+noise:seed=3,scale=0.5)");
    expect(concise(outers, spec)).toBe("outer:inner=(noise:seed=2+noise:scale=0.5,seed=3)");
    expect(outers.parse(concise(outers, spec))).toEqual(spec);
  });
});
