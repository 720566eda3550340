import { describe, expect, it } from "vitest";
import { type AuditResult, type AuditTick, validateAuditResult } from "../../src/audit/index.ts";
import { auditTable } from "../../src/cli/audit-table.ts";
import { clopperPearson } from "../../src/metrics/index.ts";
import { attackReport, auditReport } from "../../src/report/index.ts";
import { memoryStore, plan, type Result, type Sources, validateResult } from "../../src/runs/index.ts";
import { finish } from "../../src/scenario/index.ts";
import { drawnSources } from "../drawn-sources.ts";

/** The data sets, with few images each: the search for the nearest public one draws them all. */
const sources: Sources = { ...drawnSources, dataset: async (set, split) => ({ ...(await drawnSources.dataset(set, split)), size: 60 }) };

const run = async (asked: object, store = memoryStore()): Promise<unknown> => {
  const planned = await plan(asked, sources, { machine: { threads: 1, clock: () => 0 }, versions: {} });
  return finish<AuditTick | object, unknown>(planned.run(store));
};
const audited = (changes: object) =>
  run({
    command: "audit",
    data: { set: "gaussian:dimension=6,classes=4" },
    client: { model: "mlp:sizes=12" },
    attacks: ["bayes:steps=1"],
    labels: "recovered",
    score: { delta: 1 },
    samples: 12,
    ...changes,
  }) as Promise<AuditResult>;
const attacked = (changes: object, store?: ReturnType<typeof memoryStore>) =>
  run(
    {
      command: "attack",
      data: { set: "shapes", images: [0, 1, 2, 3] },
      client: { model: "mlp:sizes=8,activation=tanh" },
      attack: "idlg:steps=1",
      ...changes,
    },
    store,
  ) as Promise<Result>;

describe("an audit", () => {
  it("states the label accuracy of each cell with its interval", async () => {
    const result = await audited({ defenses: ["none", "gaussian:sigma=3"] });
    validateAuditResult(result, "the result");
    const [bare, noisy] = result.cells;
    expect(bare!.labelAccuracy).toEqual(clopperPearson(12, 12, 0.95));
    expect(bare!.faintLabels).toBe(0);
    const right = Math.round(12 * noisy!.labelAccuracy!.estimate);
    expect(right).toBeLessThan(11);
    expect(noisy!.labelAccuracy).toEqual(clopperPearson(right, 12, 0.95));
    expect(noisy!.faintLabels).toBeGreaterThan(6);
    expect(result.notes.filter((note) => note.includes("they are uncertain"))).toEqual([
      expect.stringMatching(new RegExp(`^bayes:steps=1 behind gaussian:sigma=3: the labels of ${noisy!.faintLabels} of 12 updates`)),
    ]);
    expect(auditTable(result)).toContain("labels right");
    expect(auditReport({ result, images: new Map() })).toContain("labels right");
  });

  it("counts labels of batches without order, over batches", async () => {
    const { cells } = await audited({ client: { model: "mlp:sizes=12", batch: 3 } });
    const { estimate, lower, upper } = cells[0]!.labelAccuracy!;
    expect(estimate).toBeGreaterThan(0.9);
    expect(lower).toBeLessThan(estimate);
    expect(upper).toBeGreaterThanOrEqual(estimate);
  });

  it("has no label accuracy where labels are given, and one where they are searched", async () => {
    const given = await audited({ labels: "known" });
    expect(given.cells[0]!.labelAccuracy).toBeNull();
    expect(auditTable(given)).not.toContain("labels right");
    const searched = await audited({ labels: "joint", prior: "gaussian" });
    expect(searched.cells[0]!.labelAccuracy!.estimate).toBeLessThan(1);
  });

  it("takes the rule that is stated, before any work", async () => {
    const batch = { client: { model: "mlp:sizes=12", batch: 5 } };
    expect((await audited({ ...batch, labelRule: "counts", samples: 2 })).spec).toMatchObject({ labelRule: "counts" });
    await expect(audited({ ...batch, labelRule: "distinct" })).rejects.toThrow("5 images cannot all have different labels among 4 classes");
    await expect(audited({ ...batch, labelRule: "sign" })).rejects.toThrow("reads the label of one image");
    await expect(audited({ labels: "known", labelRule: "sign" })).rejects.toThrow("--label-rule sign does not fit --labels known");
    await expect(audited({ labelRule: "signs" })).rejects.toThrow("labelRule");
  });
});

describe("an attack", () => {
  it("says how the label of each image was read, and how many are right", async () => {
    const store = memoryStore();
    const result = await attacked({}, store);
    validateResult(result, "the result");
    expect(result.images.map(({ label, assumedLabel, labelReading }) => [assumedLabel === label, labelReading])).toEqual(
      Array.from({ length: 4 }, () => [true, { rule: "sign", faint: false }]),
    );
    expect(result.summary.labelAccuracy).toBe(1);
    const names = result.images.flatMap(({ files }) => [files.original!, files.reconstruction, ...files.snapshots.map(({ file }) => file)]);
    const images = new Map<string, Uint8Array>();
    for (const name of names) images.set(name, (await store.read(name))!);
    expect(attackReport({ result, images, reproduce: "gradleak" })).toMatch(/Label rule.*sign.*100/s);
  });

  it("warns where gradients are small, and says nothing where labels are given", async () => {
    const noisy = await attacked({ defense: "gaussian:sigma=100" });
    expect(noisy.notes.filter((note) => note.startsWith("Warning: the labels of 4 of 4 updates"))).toHaveLength(1);
    const given = await attacked({ labels: "known" });
    expect(given.summary.labelAccuracy).toBeNull();
    expect(given.images[0]!.labelReading).toBeNull();
  });
});
