import { describe, expect, it } from "vitest";
import { attacks } from "../../src/attacks/index.ts";
import { readAuditChunk } from "../../src/audit/index.ts";
import { shapesSet } from "../../src/data/index.ts";
import {
  candidatesOf,
  memoryStore,
  parseSpec,
  plan,
  readTuned,
  readVaried,
  recordOf,
  requireComparable,
  type Sources,
  type Tuned,
  type TuneSpec,
} from "../../src/runs/index.ts";
import { readText } from "../../src/runs/store.ts";
import { tuned, tuneSpec } from "../../src/runs/tuning.ts";
import { finish } from "../../src/scenario/index.ts";

const base = attacks.parse("bayes:steps=20,prior=(tv:weight=1)");
const attack = (text: string) => attacks.parse(`bayes:steps=20,${text}`);

describe("candidates", () => {
  it("are the base, then every combination of the values", () => {
    const varied = [readVaried("rate=0.05/0.1"), readVaried("prior.weight=1/10")];
    expect(candidatesOf(base, varied, 32, 0)).toEqual([
      base,
      attack("rate=0.05,prior=(tv:weight=1)"),
      attack("rate=0.05,prior=(tv:weight=10)"),
      attack("prior=(tv:weight=10)"),
    ]);
  });

  it("are a budget of them where there are more, by the seed, the base among them", () => {
    const varied = [readVaried("rate=0.01/0.02/0.03/0.04"), readVaried("anneal=none/0.1/0.01")];
    const some = candidatesOf(base, varied, 5, 3);
    expect(some).toHaveLength(5);
    expect(some[0]).toEqual(base);
    expect(candidatesOf(base, varied, 5, 3)).toEqual(some);
    expect(candidatesOf(base, varied, 5, 4)).not.toEqual(some);
  });

  it("have words and parts named none where those stand, and no value elsewhere", () => {
    const inverting = attacks.parse("inverting-gradients:steps=20");
    expect(candidatesOf(inverting, [readVaried("decay=none")], 8, 0)[1]).toEqual({ ...inverting, decay: "none" });
    // No law is called none: an update that is sent as it is has no density.
    const assuming = attacks.parse("bayes:conditional=(gaussian)");
    expect(() => candidatesOf(assuming, [readVaried("conditional=none")], 8, 0)).toThrow(/There is no conditional "none"/);
    expect(candidatesOf(assuming, [readVaried("conditional=cosine")], 8, 0)[1]).toEqual(attacks.parse("bayes:conditional=cosine"));
    expect(candidatesOf(attack("anneal=0.1"), [readVaried("anneal=none")], 8, 0)[1]).toMatchObject({ anneal: null });
  });

  it("are refused where they would not fit", () => {
    expect(() => readVaried("rate")).toThrow(/parameter=value\/value/);
    expect(() => candidatesOf(base, [readVaried("rte=1/2")], 8, 0)).toThrow(/--vary rte: the attack has no such parameter/);
    expect(() => candidatesOf(base, [readVaried("rate=fast/slow")], 8, 0)).toThrow(/rate must be/);
    for (const budget of ["steps", "restarts", "samples"])
      expect(() => candidatesOf(base, [readVaried(`${budget}=10/20`)], 8, 0)).toThrow(
        new RegExp(`equal budgets, so all take the ${budget} of --attack`),
      );
    expect(() => candidatesOf(base, [readVaried("rate=1/2"), readVaried("rate=3")], 8, 0)).toThrow(/--vary rate is given twice/);
    expect(() => candidatesOf(attacks.parse("dlg"), [readVaried("kind=idlg")], 8, 0)).toThrow(/another kind is another attack/);
    for (const path of ["constructor", "prior.__proto__", "optimizer.length"])
      expect(() => candidatesOf(base, [readVaried(`${path}=1`)], 8, 0)).toThrow(/the attack has no such parameter/);
    const endless = Array.from({ length: 8 }, (_, i) => ({ path: `parameter${i}`, values: Array.from({ length: 40 }, (_, k) => k) }));
    expect(() => candidatesOf(base, endless, 8, 0)).toThrow(/6553600000000 combinations.*at most 10000/);
    expect(() => requireComparable("objective", [readVaried("prior.weight=1/2")])).toThrow(/changes the objective itself/);
    requireComparable("objective", [readVaried("rate=1/2")]);
  });
});

const sources: Sources = {
  dataset: async (_, split) => shapesSet(split),
  tensors: () => Promise.reject(new Error("no file is needed")),
  places: {},
};
const asked = (changes: object = {}) => ({
  command: "tune",
  data: { set: "shapes", split: "train" },
  client: { model: "mlp:sizes=24" },
  attacks: candidatesOf(attacks.parse("inverting-gradients:steps=40"), [readVaried("rate=0.001/0.1")], 8, 0),
  score: { delta: 5 },
  samples: 3,
  chunk: 3,
  lanes: 3,
  ...changes,
});
const planned = (changes: object = {}) => plan(asked(changes), sources, { machine: { threads: 1, clock: () => 0 }, versions: {} });

it("the choice is the candidate with the least mean over the same draws, and its file reads back", async () => {
  const store = memoryStore();
  const { spec: complete, run } = await planned();
  const spec = complete as TuneSpec;
  const result = (await finish(run(store))) as Tuned;
  const chunk = readAuditChunk((await readText(store, "draws/0.json"))!, { from: 0, to: 3 }, spec.attacks.length)!;
  expect(tuned(spec, [chunk])).toEqual(result);
  expect(readTuned((await readText(store, "tuned.json"))!, "tuned.json")).toEqual(result);
  const means = result.candidates.map(({ score }) => score!);
  expect(result.attack).toEqual(result.candidates[means.indexOf(Math.min(...means))]!.attack);
  // A hundredth of the rate does not get anywhere in forty steps.
  expect(result.attack).toMatchObject({ rate: 0.1 });
  expect(Math.max(...means)).toBeGreaterThan(1.2 * Math.min(...means));
  const text = JSON.stringify(result);
  expect(readTuned(text, "tuned.json")).toEqual(result);
  expect(() => readTuned(text.replace('"samples":3', '"samples":4'), "tuned.json")).toThrow(/changed after gradleak tune wrote it/);
  const edited = (changes: object) => () => readTuned(JSON.stringify({ ...result, ...changes }), "tuned.json");
  expect(edited({ attack: { ...result.attack, rate: 9 } })).toThrow(/its attack is not the best of its candidates; it was changed/);
  expect(edited({ attack: result.candidates[means.indexOf(Math.max(...means))]!.attack })).toThrow(/not the best/);
  expect(edited({ candidates: result.candidates.slice(1) })).toThrow(/its candidates are not those of its spec/);
  for (const changes of [{ split: "test" }, { draws: 4 }, { by: "objective" }])
    expect(edited(changes)).toThrow(/its criterion, split or draws are not those of its spec/);
  expect(() => readTuned("{", "tuned.json")).toThrow(/is not JSON/);
  expect(tuned({ ...spec, by: "objective" }, [chunk]).by).toBe("objective");
  // What attacks that are compared share is the setting; neither the candidates nor how draws are
  // grouped.
  const setting = (changes: object) => recordOf(tuned(parseSpec(tuneSpec, { ...spec, ...changes }) as TuneSpec, [chunk])).settingHash;
  const others = { attacks: spec.attacks.toReversed(), prior: "gaussian", chunk: 1, lanes: 1 };
  expect(setting(others)).toBe(setting({}));
  for (const changes of [{ seed: 1 }, { client: { ...spec.client, model: "mlp:sizes=25" } }, { labels: "joint" }])
    expect(setting(changes)).not.toBe(setting({}));
});
