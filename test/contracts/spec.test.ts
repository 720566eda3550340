import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LeakageError } from "../../src/errors.ts";
import { catalogue, chainable, nested, part } from "../../src/parts/index.ts";

const gaussian = part({
  kind: "gaussian",
  doc: "Adds N(0, sigma²) to every gradient entry.",
  params: { sigma: z.number().positive().default(0.1).describe("Standard deviation.") },
  build: ({ sigma }) => `N(0, ${sigma}²)`,
});
const clip = part({
  kind: "clip",
  doc: "Scales the update down to a norm.",
  params: {
    norm: z.number().min(0).describe("Largest norm."),
    per: z.enum(["update", "layer"]).default("update").describe("What is clipped."),
    layers: z.array(z.int().min(1)).min(1).max(3).default([1]).describe("Which."),
    soft: z.boolean().default(false).describe("Smoothly."),
    level: z
      .union([z.literal("auto"), z.number()])
      .default("auto")
      .describe("How far."),
    floor: z.number().max(1).nullable().default(null).describe("Smallest norm."),
    file: z.string().optional().describe("Where it is."),
  },
  build: ({ norm, per, layers }) => `clip(${norm}, ${per}, ${layers.join("-")})`,
});
const none = part({ kind: "none", doc: "Sends the gradient as it is.", params: {}, build: () => "none" });
const defenses = chainable(catalogue("defense", [clip, gaussian, none]), (links) => links.join(" then "));

const bayes = part({
  kind: "bayes",
  doc: "Assumes a defense.",
  params: { conditional: nested("defense", () => defenses).describe("What it assumes."), steps: z.int().positive().default(100) },
  build: ({ conditional, steps }, size: number) => ({ assumed: defenses.build(conditional), steps, size }),
});
const attacks = catalogue<{ assumed: string; steps: number; size: number }, [number]>("attack", [bayes]);

const refusalOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(LeakageError);
    expect((error as LeakageError).code).toBe("spec");
    return (error as LeakageError).message;
  }
  throw new Error("It was accepted.");
};

describe("a catalogue", () => {
  it("reads a kind alone, with its defaults", () => {
    expect(defenses.parse("gaussian")).toEqual({ kind: "gaussian", sigma: 0.1 });
    expect(defenses.parse({ kind: "gaussian" })).toEqual({ kind: "gaussian", sigma: 0.1 });
    expect(defenses.parse("none")).toEqual({ kind: "none" });
  });

  it("reads every type of value", () => {
    expect(defenses.parse("clip:norm=1e+2, per = layer,layers=1/2,soft=true,level=-.5,floor=1e-3,file=a=b/c:d")).toEqual({
      kind: "clip",
      norm: 100,
      per: "layer",
      layers: [1, 2],
      soft: true,
      level: -0.5,
      floor: 0.001,
      file: "a=b/c:d",
    });
    expect(defenses.parse('clip:norm=1,level=auto,floor=none,file="a, \\"b\\" (c)+d"')).toMatchObject({
      level: "auto",
      floor: null,
      file: 'a, "b" (c)+d',
    });
  });

  it("reads chains in order, and a chain of one as that one", () => {
    const chain = [
      { kind: "clip", norm: 1, per: "update", layers: [1], soft: false, level: "auto", floor: null },
      { kind: "gaussian", sigma: 2 },
    ];
    expect(defenses.parse("clip:norm=1+gaussian:sigma=2")).toEqual(chain);
    expect(defenses.parse(chain)).toEqual(chain);
    expect(defenses.parse([{ kind: "none" }])).toEqual({ kind: "none" });
    expect(defenses.build("clip:norm=1+gaussian:sigma=2+none")).toBe("clip(1, update, 1) then N(0, 2²) then none");
  });

  it("reads parts in parts, with parentheses where they are needed", () => {
    const gauss = { kind: "gaussian", sigma: 0.5 };
    expect(attacks.parse("bayes:conditional=(gaussian:sigma=0.5),steps=7")).toEqual({ kind: "bayes", conditional: gauss, steps: 7 });
    expect(attacks.parse("bayes:conditional=none")).toEqual({ kind: "bayes", conditional: { kind: "none" }, steps: 100 });
    expect(attacks.parse({ kind: "bayes", conditional: { kind: "gaussian", sigma: 0.5 } })).toMatchObject({ conditional: gauss });
    expect(attacks.parse("bayes:conditional=(none+gaussian:sigma=0.5)")).toMatchObject({ conditional: [{ kind: "none" }, gauss] });
    expect(attacks.build("bayes:conditional=(gaussian:sigma=0.5)", 32)).toEqual({ assumed: "N(0, 0.5²)", steps: 100, size: 32 });
  });

  it("lists its parts for the help", () => {
    expect(defenses.list()[0]!.params).toEqual([
      { name: "norm", type: "number", range: ">= 0", doc: "Largest norm." },
      { name: "per", type: "one of update, layer", range: "", default: "update", doc: "What is clipped." },
      { name: "layers", type: "list of integers >= 1", range: "of length from 1 to 3", default: "1", doc: "Which." },
      { name: "soft", type: "true or false", range: "", default: "false", doc: "Smoothly." },
      { name: "level", type: "auto or number", range: "", default: "auto", doc: "How far." },
      { name: "floor", type: "number <= 1 or none", range: "", default: "none", doc: "Smallest norm." },
      { name: "file", type: "string", range: "", doc: "Where it is." },
    ]);
    expect(attacks.list()[0]!.params[0]).toEqual({ name: "conditional", type: "defense", range: "", doc: "What it assumes." });
  });

  it.each([
    ["gausian", 'There is no defense "gausian". Did you mean gaussian? Allowed: clip, gaussian, none.'],
    ["quantum", 'There is no defense "quantum". Allowed: clip, gaussian, none.'],
    ["gaussian:sgima=1", 'defense gaussian has no parameter "sgima". Did you mean sigma? Allowed: sigma.'],
    ["none:x=1", 'defense none has no parameter "x". It has none.'],
    ["gaussian:sigma=-1", "defense gaussian: sigma must be a number > 0; got -1."],
    ["gaussian:sigma=nan", 'defense gaussian: sigma must be a number > 0; got "nan".'],
    ["gaussian:sigma=1e999", "defense gaussian: sigma must be a number > 0; got Infinity."],
    ["gaussian:sigma=", 'defense gaussian: sigma must be a number > 0; got "".'],
    ["clip", "defense clip: norm must be a number >= 0; it is missing."],
    ["clip:norm=1,per=all", 'defense clip: per must be one of update, layer; got "all".'],
    ["clip:norm=1,soft=yes", 'defense clip: soft must be true or false; got "yes".'],
    ["clip:norm=1,layers=1/0", 'defense clip: layers must be a list of integers >= 1 of length from 1 to 3; got "[1,0]".'],
    ["clip:norm=1,layers=", 'defense clip: layers must be a list of integers >= 1 of length from 1 to 3; got "[]".'],
    ["clip:norm=1,norm=2", "defense clip: norm is given twice."],
    ["gaussian:0.1", 'defense gaussian: expected param=value; got "0.1".'],
    ["gaussian:sigma=1,", 'defense gaussian: expected param=value; got "".'],
    ["", 'defense: expected kind or kind:param=value,param=value; got "".'],
    ["clip:norm=(1", 'defense: a parenthesis is never closed in "clip:norm=(1".'],
    ["clip:norm=1)", 'defense: a parenthesis closes that was never opened in "clip:norm=1)".'],
    ['clip:norm=1,file="a', 'defense: a quote is never closed in "clip:norm=1,file=\\"a".'],
  ])("refuses %s with a sentence", (text, message) => {
    expect(refusalOf(() => defenses.parse(text))).toBe(message);
  });

  it("refuses chains and data where they do not belong", () => {
    expect(refusalOf(() => attacks.parse("bayes+bayes"))).toBe('Expected one attack, not a chain of 2; got "bayes+bayes".');
    expect(refusalOf(() => attacks.parse(3))).toBe("Expected an attack as text or { kind, ...params }; got 3.");
    expect(refusalOf(() => defenses.parse([]))).toBe("Expected at least one defense; got an empty list.");
    expect(refusalOf(() => defenses.parse({ kind: "gaussian", sigma: Number.NaN }))).toBe(
      "defense gaussian: sigma must be a number > 0; got NaN.",
    );
    expect(refusalOf(() => defenses.parse({ kind: "gaussian", sigma: "1" }))).toBe(
      'defense gaussian: sigma must be a number > 0; got "1".',
    );
    expect(refusalOf(() => defenses.parse({ kind: "toString" }))).toContain('no defense "toString"');
    expect(refusalOf(() => defenses.parse({ kind: "gaussian", constructor: 1 }))).toContain('no parameter "constructor"');
    expect(refusalOf(() => attacks.parse("bayes:conditional=gausian"))).toContain("Did you mean gaussian?");
  });

  it("refuses declarations that a flag could not name", () => {
    const build = () => 0;
    expect(refusalOf(() => part({ kind: "DLG", doc: "", params: {}, build }))).toContain('"DLG"');
    expect(refusalOf(() => part({ kind: "dlg", doc: "", params: { kind: z.string() }, build }))).toContain('"kind"');
    expect(refusalOf(() => catalogue("defense", [none, none]))).toContain("same kind");
  });
});
