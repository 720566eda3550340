import { describe, expect, it } from "vitest";
import type { AuditChunk } from "../../src/audit/index.ts";
import { type Dataset, datasets, noFiles, type Split } from "../../src/data/index.ts";
import { fillUniform, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { memoryStore, plan, readText, type Sources } from "../../src/runs/index.ts";
import type { CompileOptions } from "../../src/runtime/index.ts";
import { finish } from "../../src/scenario/index.ts";

/** Small gray images, drawn from a seed, in the place of those of a folder. */
const images = (split: Split): Dataset => ({
  kind: "folder",
  split,
  shape: [1, 8, 8],
  classes: ["a", "b", "c"],
  size: 50,
  mean: [0.5],
  std: [0.3],
  notes: [],
  example: (index) => {
    const image = new Float32Array(64);
    fillUniform(foldIn(keyFromSeed(split === "train" ? 1 : 2), index), image);
    return { index, image, label: index % 3 };
  },
});
const sources: Sources = {
  dataset: async (set, split) => (set.kind === "folder" ? images(split) : datasets.build(set).open(split, noFiles)),
  tensors: () => Promise.reject(new Error("no file is needed")),
  places: {},
};

const vectors = { data: { set: "gaussian:dimension=4,classes=3" }, client: { model: "mlp:sizes=6" }, score: { delta: 1.5 } };
const pictures = { data: { set: "folder" }, client: { model: "mlp:sizes=12,activation=sigmoid" } };
const samples = 10;

/** What becomes of each draw of an audit: its distances and objectives, cell by cell. */
async function outcomes(spec: object, sizes: { readonly lanes: number; readonly chunk: number }, options: CompileOptions = { threads: 1 }) {
  const machine = { ...options, clock: () => 0 };
  const asked = { command: "audit", samples, seed: 3, ...spec, ...sizes };
  const { run } = await plan(asked, sources, { machine, versions: {} });
  const store = memoryStore();
  await finish(run(store));
  const all: AuditChunk["draws"] = [];
  for (let i = 0; all.length < samples; i++) all.push(...(JSON.parse((await readText(store, `draws/${i}.json`))!) as AuditChunk).draws);
  return all;
}

/** The largest difference of two runs, in a distance or an objective, where it is above 1 as a share of it. */
function apart(one: AuditChunk["draws"], other: AuditChunk["draws"]): number {
  const numbers = (draws: AuditChunk["draws"]) =>
    draws.flatMap((draw) => draw.outcomes.flatMap(({ distances, objective }) => [...distances, objective]));
  const [first, second] = [numbers(one), numbers(other)];
  expect(second.length).toBe(first.length);
  return first.reduce<number>((most, value, i) => Math.max(most, Math.abs(value! - second[i]!) / Math.max(1, Math.abs(value!))), 0);
}

const noise = { defenses: ["gaussian:sigma=0.01", "laplacian:scale=0.01"] };
const cases: readonly (readonly [string, object])[] = [
  ["bayes by Adam on vectors", { ...vectors, ...noise, attacks: ["bayes:steps=40"] }],
  ["bayes by L-BFGS on vectors", { ...vectors, ...noise, attacks: ["bayes:steps=40,optimizer=lbfgs,rate=1"] }],
  ["bayes over a ball on vectors", { ...vectors, defenses: ["laplacian:scale=0.01"], attacks: ["bayes:steps=40,samples=8,delta=0.5"] }],
  ["inverting-gradients and idlg on images", { ...pictures, ...noise, attacks: ["inverting-gradients:steps=40", "idlg:steps=40"] }],
];

describe.each(cases)("%s", (_, spec) => {
  it("gives the same numbers to the bit, however draws are divided and wherever one stands", async () => {
    const lanes = 4;
    const whole = await outcomes(spec, { lanes, chunk: 4 });
    // Something came out, and draws differ.
    expect(new Set(whole.map((draw) => draw.outcomes[0]!.distances[0])).size).toBe(samples);
    // Smaller than the program, larger, not a multiple of it nor a divisor of all draws, and all at once.
    for (const chunk of [1, 3, 7, 8, 10]) expect(await outcomes(spec, { lanes, chunk })).toEqual(whole);
  });

  it("gives nearly the same numbers with other lanes after 40 steps in float32", async () => {
    const one = await outcomes(spec, { lanes: 1, chunk: 10 });
    for (const lanes of [3, 16]) expect(apart(one, await outcomes(spec, { lanes, chunk: 10 }))).toBeLessThan(1e-3);
  });

  it("gives the same numbers with other lanes in float64", async () => {
    const few = { ...spec, samples: 10 };
    const one = await outcomes(few, { lanes: 1, chunk: 10 }, { precision: "float64" });
    expect(apart(one, await outcomes(few, { lanes: 5, chunk: 10 }, { precision: "float64" }))).toBeLessThan(1e-9);
  });
});
