import { describe, expect, it } from "vitest";
import { datasets, noFiles } from "../../src/data/index.ts";
import { LeakageError } from "../../src/errors.ts";
import { type ExperimentPlan, experiments, planExperiment, quick, validateExperiment } from "../../src/experiments/index.ts";
import { specHash } from "../../src/parts/index.ts";
import { experimentReport, experimentVerdict } from "../../src/report/index.ts";
import { type Store, sourcesFrom } from "../../src/runs/index.ts";

/** Versions of the experiments that are done in a moment. */
const tiny: Readonly<Record<string, string>> = {
  "assumed-law": "panels=vectors,samples=2,tuning=2,steps=2,restarts=1,width=4,dimension=3,widen=10,rate=0.1/0.2",
  "batch-norm-prior":
    "width=1,pool=average,batch=2,batches=2,steps=2,warmUp=1,examples=32,candidates=2,rates=0.1,tvs=1e-4/3e-4,weights=1e-3",
  "figure-1": "model=(mlp:sizes=8),attack=(bayes:steps=4),snapshots=2",
  "figure-3": "data=shapes,images=3,trainingSteps=2,batch=2,soteria=(mlp:sizes=8/6),precode=(precode-mlp:size=4),steps=3,chunk=2",
  "figure-4":
    "width=6/4,classes=3,samples=3,networks=1,steps=3,k=2,delta=0/0.5,dimension=4,tuneRate=0.1,tuneGamma=1,tuneAnneal=0.1,tuneDraws=2",
  "noise-on-networks":
    "data=shapes,model=(mlp:sizes=4),defenses=gaussian,strengths=0.1,trainingSteps=2,batch=2,examples=8,testExamples=4,images=2,tuningImages=2,steps=2,rate=0.1,weight=10/100,tv=0.01/0.1",
  posterior: "scale=1,samples=4,tuning=4,width=8,dimension=4,steps=10,chains=8,warmUp=4,draws=4,lanes=4",
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
// Data sets are opened once for all runs.
const sources = sourcesFrom({ open: (set, split) => datasets.build(set).open(split, noFiles), tensorFile: async () => undefined });
const surroundings = { machine: { threads: 1, clock: () => 0 }, versions: { gradleak: "0.0.0" }, sources };
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

/** Runs an experiment to its end. */
async function found({ run }: ExperimentPlan, store: Store) {
  const running = run(store);
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value;
    expect(next.value.step).toBeLessThanOrEqual(next.value.of);
  }
}

/** All that an experiment gives, as one hash. */
const hashOf = ({ result, images }: Awaited<ReturnType<typeof found>>): string =>
  specHash([JSON.stringify(result), ...[...images].map(([name, png]) => `${name} ${Buffer.from(png).toString("base64")}`)]);

/** What a run computes: other files are made of it. */
const parts = (names: readonly string[]): readonly string[] => names.filter((name) => /(^|\/)(parts|draws)\//.test(name));

const kinds = experiments.list().map(({ kind }) => kind);

describe.each(kinds)("the experiment %s", (kind) => {
  it("gives a valid result, whose spec runs unchanged; the same after it was killed; and makes again what is damaged", async () => {
    const planned = planOf(kind);
    const whole = openStore();
    const finding = await found(planned, whole.store);
    const { result, images } = finding;
    expect(validateExperiment(JSON.parse(JSON.stringify(result)), "the result")).toEqual(result);
    expect(result).toMatchObject({ command: "reproduce", seed: 5, specHash: planned.specHash, versions: surroundings.versions });
    expect(planExperiment(JSON.parse(JSON.stringify(result.spec)), surroundings).specHash).toBe(planned.specHash);
    expect(experimentReport({ result, images: images, reproduce: `gradleak reproduce ${kind}` })).toContain(planned.specHash);
    expect(experimentVerdict(result).sentence).toMatch(/\.$/);

    const killed = openStore(new Map(), Math.floor(whole.written.length / 2));
    await expect(found(planned, killed.store)).rejects.toThrow("killed");
    const resumed = openStore(killed.files);
    expect(hashOf(await found(planned, resumed.store))).toBe(hashOf(finding));
    expect(parts(resumed.written)).toEqual(parts(whole.written).slice(parts(killed.written).length));

    const first = parts(whole.written)[0]!;
    // Without the results of audits that are finished, which need their draws no more.
    const unfinished = [...whole.files].filter(([name]) => !name.endsWith("/result.json"));
    const damaged = openStore(new Map([...unfinished, [first, whole.files.get(first)!.slice(0, -20)]]));
    expect(hashOf(await found(planned, damaged.store))).toBe(hashOf(finding));
    expect(parts(damaged.written)).toEqual([first]);
  }, 480_000);
});

describe("a kept part", () => {
  it("is made again where it is not whole, and where it is of another spec or another part", async () => {
    const planned = planOf("table-1");
    const whole = openStore();
    const expected = hashOf(await found(planned, whole.store));
    const file = "parts/row-2.json";
    const text = new TextDecoder().decode(whole.files.get(file)!);
    const changed = text.replace(/("samples":)1/, "$12");
    expect(changed).not.toBe(text);
    const other = new TextDecoder().decode(whole.files.get("parts/row-1.json")!);
    for (const damaged of ["", "{}", "null", changed, other]) {
      const { store, written } = openStore(new Map([...whole.files, [file, new TextEncoder().encode(damaged)]]));
      expect(hashOf(await found(planned, store))).toBe(expected);
      expect(written).toEqual([file]);
    }
    const { written, store } = openStore(new Map(whole.files));
    await found(planExperiment({ command: "reproduce", experiment: small("table-1"), seed: 6 }, surroundings), store);
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
