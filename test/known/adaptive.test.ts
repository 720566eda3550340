import { describe, expect, it } from "vitest";
import { adapted, attacks } from "../../src/attacks/index.ts";
import type { AuditResult } from "../../src/audit/index.ts";
import { adaptiveTo, defenses, lawOf } from "../../src/defenses/index.ts";
import type { PartSpec } from "../../src/parts/index.ts";
import { attackReport } from "../../src/report/index.ts";
import { memoryStore, plan, type Result, validateResult } from "../../src/runs/index.ts";
import { finish } from "../../src/scenario/index.ts";
import { drawnSources } from "../drawn-sources.ts";

const machine = { threads: 1, clock: () => 0 };
const beside = (defense: string, attack: string, hasPrior = true) => {
  const built = defenses.build(defense);
  return adapted(attacks.parse(attack) as PartSpec, adaptiveTo(built, lawOf(built)), hasPrior);
};
const parsed = (attack: string) => ({ attack: attacks.parse(attack) });

describe("the adaptive attack", () => {
  it.each([
    ["gaussian", "inverting-gradients:steps=7", "bayes:steps=7"],
    ["clip+laplacian", "dlg:steps=9", "bayes:steps=9"],
    ["mask", "exact", "bayes"],
    ["gaussian", "bayes:steps=7,rate=0.3", "bayes:steps=7,rate=0.3"],
    ["laplacian", "bayes:steps=7,conditional=cosine", "bayes:steps=7"],
    ["soteria", "inverting-gradients:steps=7", "on-soteria:attack=(inverting-gradients:steps=7)"],
    ["soteria+gaussian", "exact", "on-soteria"],
    ["soteria", "on-soteria:drop=2.weight", "on-soteria:drop=2.weight"],
    ["ats:policy=7-4-15", "inverting-gradients:steps=7", "on-ats:attack=(inverting-gradients:steps=7)"],
    ["ats+gaussian", "exact", "on-ats"],
    ["precode", "dlg:steps=3", "on-precode:attack=(dlg:steps=3)"],
  ])("on %s beside %s is %s", (defense, naive, adaptive) => {
    expect(beside(defense, naive)).toEqual(parsed(adaptive));
  });

  it("is the battery where no prior is stated, and says why there is none", () => {
    expect(beside("gaussian", "inverting-gradients:steps=7", false)).toEqual(parsed("auto:steps=7"));
    expect(beside("gaussian+laplacian", "dlg")).toEqual({
      reason: expect.stringContaining("is not known: laplacian with scale 0.1 follows"),
    });
    expect(beside("soteria+precode", "dlg")).toEqual({ reason: expect.stringContaining("nobody has combined") });
    expect(beside("none", "dlg")).toEqual({ reason: "the client has no defense" });
  });
});

describe("gradleak attack behind a defense", () => {
  const asked = {
    command: "attack",
    data: { set: "shapes", images: [0, 1] },
    client: { model: "mlp:sizes=24/16" },
    defense: "soteria:prune=60",
    attack: "inverting-gradients:steps=20",
  };
  const ran = async (changes: object, store = memoryStore()) =>
    (await finish((await plan({ ...asked, ...changes }, drawnSources, { machine, versions: {} })).run(store))) as Result;

  it("names the attack of each image, on the same updates, and keeps the summary of the one that was asked for", async () => {
    const store = memoryStore();
    const result = await ran({}, store);
    validateResult(result, "the result");
    const adaptive = "on-soteria:attack=(inverting-gradients:steps=20)";
    expect(result.images.map(({ index, attack }) => [index, attack])).toEqual([
      [0, "inverting-gradients:steps=20"],
      [1, "inverting-gradients:steps=20"],
      [0, adaptive],
      [1, adaptive],
    ]);
    const alone = await ran({ adaptive: false });
    expect(alone.images).toEqual(result.images.slice(0, 2));
    expect(alone.summary).toEqual(result.summary);
    expect(alone).not.toHaveProperty("adaptive");
    const psnr = result.images.map((image) => image.psnr!);
    expect(result.adaptive!.gain!.estimate).toBeCloseTo((psnr[2]! - psnr[0]! + psnr[3]! - psnr[1]!) / 2, 9);
    expect(result.images[0]!.facts).toMatchObject({ "the share of pruned columns of 2.weight": expect.any(Number) });
    expect(result.notes.filter((note) => /^Behind the defense, the share of (pruned columns|dead features)/.test(note))).toHaveLength(2);
    expect(result.notes.filter((note) => note.startsWith(`${adaptive} on update `))).toHaveLength(2);
    const images = new Map<string, Uint8Array>();
    for (const { files } of result.images)
      for (const name of [files.original!, files.reconstruction, ...files.snapshots.map(({ file }) => file)])
        images.set(name, (await store.read(name))!);
    const page = attackReport({ result, images, reproduce: "gradleak attack" });
    expect(page).toContain("With and without knowledge of the defense");
    expect(page.match(/adaptive<br>/g)).toHaveLength(2);
    // Finished parts are read back: nothing is attacked again.
    expect(await ran({}, store)).toEqual(result);
  });

  it("runs one attack where there is no defense, or where that is the adaptive one", async () => {
    const none = await ran({ defense: "none" });
    expect(none.images).toHaveLength(2);
    expect(none).not.toHaveProperty("adaptive");
    expect(none.notes.some((note) => note.includes("adaptive"))).toBe(false);
    const own = await ran({ defense: "gaussian", attack: "bayes:steps=5,prior=tv:weight=1" });
    expect(own.images).toHaveLength(2);
    const unknown = await ran({ defense: "gaussian+laplacian" });
    expect(unknown.notes).toContainEqual(
      expect.stringMatching(/^No adaptive attack stands beside inverting-gradients.* the law of this defense is not known/),
    );
  });
});

it("gradleak audit puts the adaptive attack on each defense beside each attack, and compares them", async () => {
  const asked = {
    command: "audit",
    data: { set: "shapes" },
    client: { model: "mlp:sizes=24/16" },
    defenses: ["none", "soteria:prune=60", "laplacian:scale=0.01"],
    attacks: ["inverting-gradients:steps=10", "bayes:steps=10,prior=tv:weight=10"],
    samples: 4,
    control: false,
  };
  const audited = async (changes: object) =>
    (await finish((await plan({ ...asked, ...changes }, drawnSources, { machine, versions: {} })).run(memoryStore()))) as AuditResult;
  const result = await audited({});
  expect(result.cells.map(({ defense, attack, adaptive }) => [defense, attack, adaptive ?? false])).toEqual([
    ["none", "inverting-gradients:steps=10", false],
    ["none", "bayes:prior=(tv:weight=10),steps=10", false],
    ["soteria:prune=60", "inverting-gradients:steps=10", false],
    ["soteria:prune=60", "on-soteria:attack=(inverting-gradients:steps=10)", true],
    ["soteria:prune=60", "bayes:prior=(tv:weight=10),steps=10", false],
    ["soteria:prune=60", "on-soteria:attack=(bayes:prior=(tv:weight=10),steps=10)", true],
    ["laplacian:scale=0.01", "inverting-gradients:steps=10", false],
    ["laplacian:scale=0.01", "auto:steps=10", true],
    ["laplacian:scale=0.01", "bayes:prior=(tv:weight=10),steps=10", false],
  ]);
  // What the defense did and which layer the attack chose are counted over the draws.
  const behind = result.cells.filter(({ defense }) => defense === "soteria:prune=60");
  for (const { facts } of behind) {
    const [[name, share], ...others] = Object.entries(facts!) as [[string, { mean: number; least: number; largest: number }], ...unknown[]];
    expect(name).toMatch(/^the share of pruned columns of .*weight$/);
    expect(others).toHaveLength(1);
    expect(share.least).toBeLessThanOrEqual(share.mean);
    expect(share.mean).toBeLessThanOrEqual(share.largest);
    expect(share.mean).toBeGreaterThan(0.3);
  }
  expect(result.cells.filter(({ facts }) => facts)).toHaveLength(behind.length);
  const [, tailored] = behind;
  expect(Object.keys(tailored!.taken!).every((by) => /^the attack that drops \d\.weight$/.test(by))).toBe(true);
  expect(Object.values(tailored!.taken!).reduce((sum, count) => sum + count, 0)).toBe(result.draws);
  const notes = result.notes.join(" ");
  expect(notes).toMatch(/Behind soteria:prune=60, the share of pruned columns of .* updates\)\./);
  expect(notes).toMatch(/The answers that on-soteria.* took are by the attack that drops/);
  expect(result.comparisons.some(({ first, second }) => second === `on-soteria:attack=(${first})`)).toBe(true);
  const alone = await audited({ adaptive: false });
  expect(alone.cells).toHaveLength(6);
  expect(alone.data.map(({ distances }) => distances[0])).toEqual(result.data.map(({ distances }) => distances[0]));
});
