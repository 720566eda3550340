import { describe, expect, it } from "vitest";
import { hasFailed, type Progress } from "../../src/adversary/index.ts";
import { attackOf, type Setting } from "../../src/attacks/index.ts";
import { type AuditInput, type AuditResult, audit } from "../../src/audit/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { gaussianSet } from "../../src/data/index.ts";
import { type Defense, defenses, lawOf, stepWithoutLaw } from "../../src/defenses/index.ts";
import { constant } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { priors } from "../../src/priors/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { auditReport, auditVerdict } from "../../src/report/index.ts";
import { finish, type NamedAttack, scenario } from "../../src/scenario/index.ts";

// An audit that says "not recovered" must survive sabotage. Each attack and defense here is broken
// on purpose, and none may read as safe.

const d = 8;
const data = gaussianSet({ dimension: d, classes: 4, split: "test" }, keyFromSeed(3));
const model = models.build("mlp:sizes=16", { shape: [d], classes: 4, normalization: { mean: [0], std: [1] } });
const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(2)) });
const prior = { prior: priors.build("gaussian"), name: "gaussian" };
const score = { delta: 0.5, deltaSpace: "pixel" } as const;

const bayes = (spec: string, defense: Defense = { steps: [] }, own: Partial<Setting> = {}): NamedAttack =>
  attackOf(spec, { law: lawOf(defense), prior, ...own });
const works = "bayes:steps=400,rate=0.05";

const none = { name: "none", steps: [] };
const named = (spec: string) => ({ name: spec, ...defenses.build(spec) });

async function audited(
  defense: Defense & { readonly name: string },
  attack: NamedAttack,
  control: NamedAttack = attack,
  more: Partial<AuditInput> = {},
): Promise<AuditResult> {
  const scenarios = [scenario({ client, defense, attacks: [attack], controls: [control], score })];
  const input = { scenarios, data, samples: 12, failIf: "recovered.estimate > 0.05", machine: { threads: 1, clock: () => 0 }, ...more };
  return (await finish(audit(input))).result;
}
/** What must be said whenever nothing can be said. */
function expectSilence(result: AuditResult, why: RegExp): void {
  expect(result.gate).toMatchObject({ fails: false });
  expect(result.gate!.refused.join("\n")).toMatch(why);
  expect(result.statements[0]!.reasons.join("\n")).toMatch(why);
  expect(auditVerdict(result).sentence).toMatch(/No statement can be made/);
  const report = auditReport({ result, images: new Map() });
  expect(report).toContain("The gate makes no statement");
  expect(report).not.toContain("The gate passed");
}

describe("an attack that works", () => {
  it("recovers the vectors of bare updates, is its own control, and fails the gate", async () => {
    const result = await audited(none, bayes(works));
    const [cell] = result.cells;
    expect(cell!.recovered.estimate).toBeGreaterThan(0.9);
    expect(cell).toMatchObject({ failed: 0, failures: {}, control: { succeeded: true, own: true, draws: 12 } });
    expect(cell!.explained).toBeGreaterThan(0.99);
    expect(cell!.explainable).toBeCloseTo(1, 6);
    expect(result.gate).toMatchObject({ fails: true, refused: [] });
  });

  it("passes the gate behind noise that hides everything, because its control recovers", async () => {
    const noise = named("gaussian:sigma=30");
    const result = await audited(noise, bayes(works, noise), bayes(works));
    expect(result.gate).toMatchObject({ fails: false, refused: [] });
    expect(result.statements).toEqual([{ defense: noise.name, reasons: [] }]);
    const [cell] = result.cells;
    // The answer is as good as the truth: the prior's mode.
    expect(cell!.undetermined!.estimate).toBeGreaterThan(0.9);
    expect(cell!.searchFailed!.estimate).toBe(0);
    expect(cell!.control).toMatchObject({ succeeded: true, own: false, draws: 12 });
    expect(cell!.explainable).toBeLessThan(0.05);
    expect(auditReport({ result, images: new Map() })).toContain("The update limits this number, not the search.");
  });

  it("is no control where a guess without the update recovers as much", async () => {
    const attack = bayes(works);
    const scenarios = [scenario({ client, defense: none, attacks: [attack], score: { delta: 100, deltaSpace: "pixel" } })];
    const { result } = await finish(audit({ scenarios, data, samples: 12 }));
    expect(result.cells[0]!.recovered.estimate).toBe(1);
    expect(result.cells[0]!.control).toMatchObject({ succeeded: false, own: true });
  });

  it("may fail its gate even if some of its draws failed", async () => {
    const result = await audited(none, bayes(works), bayes(works), { failIf: "recovered < 0.5" });
    expect(result.gate).toMatchObject({ fails: false, refused: [] });
  });
});

describe("a sabotaged attack makes no statement", () => {
  it.each([
    ["one step", "bayes:steps=1", /recovers 0 % from 12 updates without any defense/],
    ["a rate of 1e-12", "bayes:steps=50,rate=1e-12", /12 of 12 attacks .* 12 unmoved/],
    ["a prior that drowns everything", "bayes:steps=200,prior=(gaussian:sigma=1e-6)", /recovers 0 % from 12/],
    ["a rate that throws it far out", "bayes:steps=60,rate=1e6", /recovers 0 % from 12/],
  ])("%s", async (_name, spec, why) => {
    expectSilence(await audited(none, bayes(spec)), why);
    const noise = named("gaussian:sigma=0.01");
    expectSilence(await audited(noise, bayes(spec, noise), bayes(spec)), why);
  });

  it("an objective that is not a number", async () => {
    const attack = bayes(works, none, {
      prior: { name: "broken", prior: { density: () => ({ logProb: ({ x }) => x.sum().mul(Number.NaN) }) } },
    });
    expectSilence(await audited(none, attack), /12 of 12 attacks .* 12 nan/);
  });

  it("an attack of a stranger that returns no numbers, and says nothing of it", async () => {
    const attack: NamedAttack = {
      name: "broken",
      assumes: { law: "?", prior: "?", radius: 0, samples: 1 },
      async *reconstruct(seen): AsyncGenerator<Progress> {
        yield {
          step: 1,
          of: 1,
          lanes: () =>
            Array.from({ length: seen.lanes }, () => ({ objective: null, matching: null, steps: 1, evaluations: 1, stopped: null })),
          inputs: () => new Float32Array(seen.lanes * d).fill(Number.NaN),
          labels: () => seen.labels!,
        };
      },
    };
    const result = await audited(none, attack);
    expectSilence(result, /12 of 12 attacks .* 12 nan/);
    // It has no objective, so nobody knows whether its search failed.
    expect(result.cells[0]).toMatchObject({ searchFailed: null, undetermined: null, explained: null });
    const asked = await audited(none, attack, attack, { failIf: "searchFailed.estimate > 0.2" });
    expect(asked.gate!.refused[0]).toMatch(/no objective/);
  });

  it("counts failed attacks as misses if it is told to", async () => {
    const noise = named("gaussian:sigma=0.01");
    const result = await audited(noise, bayes("bayes:steps=50,rate=1e-12", noise), bayes(works), { acceptFailed: true });
    expect(result.gate).toMatchObject({ fails: false, refused: [] });
    expect(result.cells[0]).toMatchObject({ failed: 12, failures: { unmoved: 12 }, searchFailed: { estimate: 1 } });
  });

  it("makes no control if none is wanted, and says so", async () => {
    const noise = named("gaussian:sigma=0.01");
    const result = await audited(noise, bayes("bayes:steps=1", noise), bayes("bayes:steps=1"), { control: false });
    expect(result.gate).toMatchObject({ fails: false, refused: [] });
    expect(result.cells[0]!.control).toBeNull();
    expect(auditReport({ result, images: new Map() })).toContain("Without a control");
  });
});

describe("a sabotaged defense makes no statement", () => {
  const sends = (name: string, value: number) => ({
    name,
    steps: [stepWithoutLaw(name, "a test", (update) => ({ update: update.map(({ shape }) => constant(value).expand(shape)) }))],
  });

  it.each([
    ["zeros", 0, /12 of 12 attacks .* 12 empty/],
    ["what is not a number", Number.NaN, /12 of 12 attacks .* 12 unreadable/],
  ])("that sends %s", async (name, value, why) => {
    expectSilence(await audited(sends(name, value), attackOf("dlg:optimizer=adam,rate=0.05,steps=50")), why);
  });
});

describe("a search that failed", () => {
  it("is told from an update that does not determine its batch, draw by draw", async () => {
    // The same noise: too few steps fail, enough steps end as well as the truth.
    const noise = named("gaussian:sigma=0.2");
    const few = await audited(noise, bayes("bayes:steps=4,rate=0.05", noise), bayes(works));
    const enough = await audited(noise, bayes(works, noise), bayes(works));
    expect(few.cells[0]!.searchFailed!.estimate).toBeGreaterThan(0.9);
    expect(enough.cells[0]!.searchFailed!.estimate).toBeLessThan(0.3);
    expect(enough.cells[0]!.undetermined!.estimate).toBeGreaterThan(0.5);
    const gate = await audited(noise, bayes("bayes:steps=4,rate=0.05", noise), bayes(works), { failIf: "searchFailed.estimate > 0.2" });
    expect(gate.gate).toMatchObject({ fails: true });
  });
});

describe("what a reader should wonder about is remarked on", () => {
  it("an attack that recovers less where there is less noise", async () => {
    const scenarios = ["gaussian:sigma=0.001", "gaussian:sigma=0.05"].map((spec, i) => {
      const noise = named(spec);
      const own = bayes(i === 0 ? "bayes:steps=2" : works, noise);
      return scenario({ client, defense: noise, attacks: [{ ...own, name: "bayes" }], controls: [bayes(works)], score });
    });
    const { result } = await finish(audit({ scenarios, data, samples: 12 }));
    expect(result.notes.join("\n")).toMatch(/bayes recovers less behind gaussian:sigma=0.001 than behind gaussian:sigma=0.05/);
    expect(result.notes.join("\n")).toMatch(/does worse than the gray without the update|does worse than/);
  });
});

it("only an end with nothing left to gain is no failure", () => {
  expect(hasFailed(null)).toBe(false);
  expect(hasFailed("converged")).toBe(false);
  for (const stop of ["nan", "massless", "stuck", "unmoved", "empty", "unreadable"] as const) expect(hasFailed(stop)).toBe(true);
});
