import { describe, expect, it } from "vitest";
import { LeakageError } from "../../src/errors.ts";
import { experiments, planExperiment, quick, validateExperiment } from "../../src/experiments/index.ts";
import { experimentReport, experimentVerdict } from "../../src/report/index.ts";
import { memoryStore, type Store } from "../../src/runs/index.ts";

/** Versions of the experiments that are done in a moment. */
const tiny: Readonly<Record<string, string>> = {
  "assumed-law":
    "samples=4,tuning=2,steps=3,restarts=1,widen=10,width=8,dimension=4,images=2,tuningImages=2,imageSteps=2,model=(mlp:sizes=4),weight=1000",
  "batch-norm-prior": "width=1,pool=average,batch=2,batches=2,steps=3,warmUp=1,examples=32,rates=0.1,tvs=1e-4,weights=1e-3",
  "figure-1": "model=(mlp:sizes=8),attack=(bayes:steps=4),snapshots=2",
  "figure-4":
    "width=6/4,classes=3,samples=3,networks=1,steps=3,k=2,delta=0/0.5,dimension=4,tuneRate=0.1,tuneGamma=1,tuneAnneal=0.1,tuneDraws=2",
  "table-1": "width=1,batch=1",
};
const small = (kind: string): string => {
  const parameters =
    tiny[kind] ??
    Object.entries(quick[kind] ?? {})
      .map(([name, text]) => `${name}=${text}`)
      .join();
  return parameters === "" ? kind : `${kind}:${parameters}`;
};
const surroundings = { machine: { threads: 1, clock: () => 0 }, versions: { gradleak: "0.0.0" } };
const planOf = (kind: string) => planExperiment({ command: "reproduce", experiment: small(kind), seed: 5 }, surroundings);

/** A store that can be looked into, and ends the run that writes once too often. */
function openStore(files = new Map<string, Uint8Array>(), writes = Number.POSITIVE_INFINITY) {
  const written: string[] = [];
  const store: Store = {
    read: async (name) => files.get(name),
    write: async (name, content) => {
      if (written.length >= writes) throw new Error("killed");
      written.push(name);
      files.set(name, typeof content === "string" ? new TextEncoder().encode(content) : content);
    },
  };
  return { store, files, written };
}

/** The whole of what an experiment gives, as bytes. */
async function bytesOf(kind: string, store: Store): Promise<string> {
  const running = planOf(kind).run(store);
  for (;;) {
    const next = await running.next();
    if (!next.done) continue;
    const { result, images } = next.value;
    return JSON.stringify([result, [...images].map(([name, png]) => [name, Buffer.from(png).toString("base64")])]);
  }
}

const kinds = experiments.list().map(({ kind }) => kind);

describe.each(kinds)("the experiment %s", (kind) => {
  it("has a valid result, a report with every image, and a spec that runs unchanged", async () => {
    const planned = planOf(kind);
    const running = planned.run(memoryStore());
    let next = await running.next();
    for (; !next.done; next = await running.next()) expect(next.value.step).toBeLessThanOrEqual(next.value.of);
    const { result, images } = next.value;
    expect(validateExperiment(JSON.parse(JSON.stringify(result)), "the result")).toEqual(result);
    expect(result).toMatchObject({ command: "reproduce", seed: 5, specHash: planned.specHash, versions: surroundings.versions });
    const again = planExperiment(JSON.parse(JSON.stringify(result.spec)), surroundings);
    expect(again.specHash).toBe(planned.specHash);
    const html = experimentReport({ result, pictures: images, reproduce: `gradleak reproduce ${kind}` });
    expect(html).toContain(planned.specHash);
    expect(experimentVerdict(result).sentence).toMatch(/\.$/);
  }, 120_000);

  it("goes on after it was killed, wherever that was, and makes again what is damaged", async () => {
    const whole = openStore();
    const expected = await bytesOf(kind, whole.store);
    expect(whole.written.length).toBeGreaterThan(0);
    // What is finished is not made again; images and summaries may be written again.
    const finished = openStore(new Map(whole.files));
    expect(await bytesOf(kind, finished.store)).toBe(expected);
    expect(finished.written.filter((name) => /(^|\/)(parts|draws)\//.test(name))).toEqual([]);
    for (const writes of new Set([1, Math.floor(whole.written.length / 2)])) {
      const killed = openStore(new Map(), writes);
      await expect(bytesOf(kind, killed.store)).rejects.toThrow("killed");
      const resumed = openStore(killed.files);
      expect(await bytesOf(kind, resumed.store)).toBe(expected);
      expect(resumed.written).not.toContain(killed.written[0]!);
    }
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const first = whole.written.find((name) => /(^|\/)(parts|draws)\//.test(name))!;
    for (const damaged of ["", "{}", text(whole.files.get(first)!).slice(0, -20)]) {
      const { store, written } = openStore(new Map([...whole.files, [first, new TextEncoder().encode(damaged)]]));
      expect(await bytesOf(kind, store)).toBe(expected);
      expect(written).toContain(first);
    }
  }, 240_000);
});

describe("a kept part", () => {
  it("is made again where a digit changed, and where it is of another spec or another part", async () => {
    const whole = openStore();
    const expected = await bytesOf("table-1", whole.store);
    const text = new TextDecoder().decode(whole.files.get("parts/row-2.json")!);
    const changed = text.replace(/"cosine":(\d)\.?/, (all, digit) => all.replace(digit, digit === "1" ? "0" : "1"));
    expect(changed).not.toBe(text);
    for (const other of [new TextEncoder().encode(changed), whole.files.get("parts/row-1.json")!]) {
      const { store, written } = openStore(new Map([...whole.files, ["parts/row-2.json", other]]));
      expect(await bytesOf("table-1", store)).toBe(expected);
      expect(written).toEqual(["parts/row-2.json"]);
    }
    const { written, store } = openStore(new Map(whole.files));
    const running = planExperiment({ command: "reproduce", experiment: small("table-1"), seed: 6 }, surroundings).run(store);
    for (let next = await running.next(); !next.done; ) next = await running.next();
    expect(written).toEqual(whole.written);
  }, 120_000);
});

describe("the spec of an experiment", () => {
  it("is completed, and says what is wrong", () => {
    const { spec } = planExperiment({ command: "reproduce", experiment: "table-1" }, surroundings);
    expect(spec).toEqual({ version: 1, command: "reproduce", experiment: { kind: "table-1", width: 4, batch: 2 }, seed: 0 });
    for (const [asked, sentence] of [
      [{ experiment: "table-1", sed: 1 }, 'unknown field "sed"; did you mean seed?'],
      [{ experiment: "table-2" }, "Did you mean table-1?"],
      [{ experiment: { kind: "table-1", widht: 2 } }, "Did you mean width?"],
      [{ experiment: "table-1", version: 2 }, "has version 2; this program reads version 1"],
      [{ experiment: "table-1", seed: -1 }, "field seed"],
      [{}, "Expected an experiment"],
    ] as const) {
      const plan = () => planExperiment({ command: "reproduce", ...asked }, surroundings, "spec.json");
      expect(plan).toThrow(LeakageError);
      expect(plan).toThrow(sentence);
    }
  });
});
