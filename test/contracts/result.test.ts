import { describe, expect, it } from "vitest";
import { z } from "zod";
import { auditResultSchema, validateAuditResult } from "../../src/audit/index.ts";
import { LeakageError } from "../../src/errors.ts";
import { resultSchema, validateResult } from "../../src/runs/index.ts";
import { madeUpAudit } from "../golden/made-up-audit.ts";
import { madeUpResult } from "../golden/made-up-result.ts";

/** A result with one field changed; the path is dotted. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(madeUpResult(2)) as unknown as Record<string, unknown>;
  const keys = path.split(".");
  let at = copy;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1)!] = value;
  return copy;
}

describe("result.json", () => {
  it("is accepted, and stays as it is through JSON", () => {
    const result = madeUpResult(3);
    expect(validateResult(JSON.parse(JSON.stringify(result)), "result.json")).toEqual(result);
  });

  it("may have no spec, and a defense whose law nobody knows", () => {
    const result = { ...madeUpResult(1), spec: null, specHash: null };
    expect(
      validateResult({ ...result, assumptions: { ...result.assumptions, trueLaw: { kind: "unknown", text: "why" } } }, "r"),
    ).toBeDefined();
    const wrong = { ...result.assumptions, trueLaw: { kind: "secret", text: "why" } };
    expect(() => validateResult({ ...result, assumptions: wrong }, "r")).toThrow(/result\.assumptions\.trueLaw\.kind/);
  });

  it("may leave the originals unknown", () => {
    const unknown = { psnr: null, psnrUnclamped: null, ssim: null, mse: null, distance: null };
    const result = madeUpResult(1);
    const image = { ...result.images[0]!, ...unknown, label: null, className: null, baseline: { meanImage: unknown }, nearestPublic: null };
    const summary = { labelAccuracy: null, attack: unknown, baseline: { meanImage: unknown }, nearestPublic: null };
    expect(() => validateResult({ ...result, command: "invert", images: [image], summary }, "r")).not.toThrow();
  });

  it.each([
    ["specHash", "abc", "result.specHash"],
    ["images", [], "result.images"],
    ["images.0.psnr", Number.NaN, "result.images[0].psnr: Invalid input: expected number, received NaN"],
    [
      "images.1.files.reconstruction",
      "../../etc/passwd",
      "result.images[1].files.reconstruction: expected a relative file name without ..",
    ],
    ["images.1.files.reconstruction", "/etc/passwd", "result.images[1].files.reconstruction: expected a relative file name without .."],
    ["images.1.files.reconstruction", "a\\b.png", "result.images[1].files.reconstruction: expected a relative file name without .."],
    ["assumptions.labels", "guessed", "result.assumptions.labels"],
    ["surprise", 1, 'Unrecognized key: "surprise"'],
    ["format", "gradleak-result-9", "result.format"],
  ])("is refused with %s = %j, by name", (path, value, message) => {
    const refused = () => validateResult(changed(path, value), "out/result.json");
    expect(refused).toThrow(LeakageError);
    expect(refused).toThrow("out/result.json: result");
    expect(refused).toThrow(message);
  });

  it("is described by a JSON Schema that requires what the type requires", () => {
    const schema = z.toJSONSchema(resultSchema, { io: "output" });
    expect(schema.required).toEqual(Object.keys(madeUpResult(1)));
    expect(schema.additionalProperties).toBe(false);
    expect(JSON.stringify(schema)).toContain("SHA-256");
  });
});

describe("result.json of an audit", () => {
  it("stays as it is through JSON, and has a JSON Schema that requires what the type requires", () => {
    const result = madeUpAudit();
    expect(validateAuditResult(JSON.parse(JSON.stringify(result)), "result.json")).toEqual(result);
    const schema = z.toJSONSchema(auditResultSchema, { io: "output" });
    for (const field of Object.keys(result)) expect(schema.required).toContain(field);
    expect(schema.additionalProperties).toBe(false);
  });

  it("is refused by name", () => {
    const result = madeUpAudit();
    const hostile = { original: "../original.png", reconstruction: "r.png" };
    const [first, ...others] = result.cells;
    const cells = [{ ...first!, nearest: { ...first!.nearest!, files: hostile } }, ...others];
    expect(() => validateAuditResult({ ...result, cells }, "out/result.json")).toThrow(
      "out/result.json: result.cells[0].nearest.files.original: expected a relative file name without ..",
    );
    expect(() => validateAuditResult({ ...result, draws: 0 }, "r")).toThrow(LeakageError);
  });
});
