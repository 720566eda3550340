import { describe, expect, it } from "vitest";
import type { AuditResult } from "../../src/audit/index.ts";
import { crossEntropy } from "../../src/client/index.ts";
import { shapesSet } from "../../src/data/index.ts";
import { defenses, imagesBehind } from "../../src/defenses/index.ts";
import { type Federation, initialTraining, openTraining } from "../../src/federated/index.ts";
import { decodePng } from "../../src/formats/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { sgd } from "../../src/optimizers/index.ts";
import { foldIn, keyFromSeed, stream } from "../../src/random/index.ts";
import { attackReport, auditReport } from "../../src/report/index.ts";
import { memoryStore, plan, type Result, validateResult } from "../../src/runs/index.ts";
import { finish } from "../../src/scenario/index.ts";
import { drawnSources } from "../drawn-sources.ts";

const machine = { threads: 1, clock: () => 0 };
const shape = [3, 32, 32];
const data = shapesSet("test");
const ran = async (spec: object, store = memoryStore()) => finish((await plan(spec, drawnSources, { machine, versions: {} })).run(store));
const asked = {
  command: "attack",
  data: { set: "shapes", images: [0, 1] },
  client: { model: "mlp:sizes=64" },
  defense: "ats:policy=21-13-3",
  attack: "inverting-gradients:steps=80,tv=1e-3",
  lanes: 2,
  seed: 4,
};
/** What the network saw of an image of the test split, from the key of its draw. */
const seen = (index: number) =>
  imagesBehind(defenses.build("ats:policy=21-13-3"), [data.example(index).image], {
    shape,
    key: stream(foldIn(stream(keyFromSeed(4), "noise"), index), "images"),
  })[0]!;
const mean = (values: readonly (number | null)[]) => values.reduce<number>((sum, value) => sum + value!, 0) / values.length;

describe("an attack behind ats", () => {
  it("is compared with what the network saw, and one who knows the policy with the original; both scores stand in the result", async () => {
    const store = memoryStore();
    const result = (await ran(asked, store)) as Result;
    validateResult(result, "the result");
    const adaptive = result.images.filter(({ attack }) => attack.startsWith("on-ats:"));
    const naive = result.images.filter(({ attack }) => !attack.startsWith("on-ats"));
    expect([naive.length, adaptive.length]).toEqual([2, 2]);
    const images = new Map<string, Uint8Array>();
    for (const { files } of result.images)
      for (const name of [files.original!, files.transformed!, files.reconstruction, ...files.snapshots.map(({ file }) => file)])
        images.set(name, (await store.read(name))!);
    for (const { index, files, targets, psnr } of naive) {
      expect(targets!.aim).toBe("transformed");
      expect(psnr).toBe(targets!.transformed.psnr);
      // The file has the bytes of the image that the network saw, interleaved.
      const { data: bytes } = decodePng(images.get(files.transformed!)!, files.transformed!);
      const shown = seen(index);
      expect([...bytes]).toEqual(Array.from({ length: 3072 }, (_, i) => Math.round(255 * shown[(i % 3) * 1024 + Math.floor(i / 3)]!)));
    }
    for (const { targets, psnr, remark, by } of adaptive) {
      expect(targets!.aim).toBe("original");
      expect(psnr).toBe(targets!.original.psnr);
      expect(remark).toMatch(/undid policy 21-13-3 with signs .*Whether the image was mirrored cannot be told\./);
      expect(by).toBe("21-13-3");
    }
    const against = (all: typeof naive, which: "original" | "transformed") => mean(all.map(({ targets }) => targets![which].psnr));
    expect(against(naive, "transformed")).toBeGreaterThan(against(naive, "original") + 3);
    expect(against(adaptive, "original")).toBeGreaterThan(against(naive, "original") + 1);
    expect(result.adaptive!.gain!.estimate).toBeCloseTo(against(adaptive, "original") - against(naive, "original"), 10);
    expect(result.summary.targets!.original.psnr!.mean).toBeCloseTo(against(naive, "original"), 10);
    expect(result.notes.join(" ")).toMatch(/changes images before the network sees them/);
    const page = attackReport({ result, images, reproduce: "gradleak attack" });
    for (const words of [
      "the network saw",
      "which is after the original",
      "attack, of what the network saw",
      "PSNR against the image that the network saw",
    ])
      expect(page).toContain(words);
  }, 120_000);

  it("is the authors' attack with undo=false: the same images, after what the network saw", async () => {
    const images = async (attack: string) => ((await ran({ ...asked, adaptive: false, attack })) as Result).images;
    const short = "inverting-gradients:steps=10";
    const [plain, authors] = [await images(short), await images(`on-ats:undo=false,attack=(${short})`)];
    expect(authors.map(({ psnr, targets }) => [psnr, targets])).toEqual(plain.map(({ psnr, targets }) => [psnr, targets]));
  }, 120_000);

  it("is one attack with one score where nothing changes images", async () => {
    const result = (await ran({ ...asked, defense: "none", attack: "inverting-gradients:steps=3" })) as Result;
    expect(JSON.stringify(result)).not.toMatch(/"targets"|transformed/);
  });
});

it("an audit behind ats scores what each attack is after, and has the other beside it", async () => {
  const result = (await ran({
    command: "audit",
    data: { set: "shapes" },
    client: { model: "mlp:sizes=32" },
    defenses: ["none", "ats:policy=7-4-15"],
    attacks: ["inverting-gradients:steps=32,tv=1e-3"],
    samples: 2,
    lanes: 2,
  })) as AuditResult;
  const told = result.cells.map(({ defense, attack, aim, beside }) => [defense, attack.split(":")[0], aim, beside !== undefined]);
  expect(told).toEqual([
    ["none", "inverting-gradients", undefined, false],
    ["ats:policy=7-4-15", "inverting-gradients", "transformed", true],
    ["ats:policy=7-4-15", "on-ats", "original", true],
  ]);
  const median = (shares: { quantiles: readonly { probability: number; distance: number | null }[] }) =>
    shares.quantiles.find(({ probability }) => probability === 0.5)!.distance!;
  const [, naive, adaptive] = result.cells;
  expect(median(naive!)).toBeLessThan(median(naive!.beside!));
  expect(median(adaptive!)).toBeLessThan(median(naive!.beside!));
  // Controls see bare updates, where there is nothing to undo.
  expect(adaptive!.control!.recovered!.estimate).toBeCloseTo(naive!.control!.recovered!.estimate, 10);
  expect(result.comparisons.some(({ second }) => second.startsWith("on-ats"))).toBe(true);
  const report = auditReport({
    result,
    images: new Map(
      result.cells
        .flatMap(({ nearest, first }) => [nearest, first])
        .flatMap((one) => Object.values(one?.files ?? {}).map((name) => [name, png] as const)),
    ),
  });
  expect(report).toContain("after the image that the network saw; of the original it recovers");
}, 120_000);

/** A PNG of one pixel, for reports whose images are not looked at. */
const png = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (character) => character.charCodeAt(0),
);

describe("training behind ats", () => {
  const model = models.build("mlp:sizes=8", { shape, classes: 10, normalization: { mean: data.mean, std: data.std } });
  const weights = initialWeights(model, keyFromSeed(2));
  const root = keyFromSeed(6);
  const ats = defenses.build("ats:policy=21-13-3");
  const own = [0, 1, 2];
  const federation = (images: readonly Float32Array[], changes: Partial<Federation>): Federation => ({
    model,
    mode: "eval",
    loss: crossEntropy,
    protocol: { kind: "fed-sgd" },
    defense: { steps: [] },
    optimizer: sgd(),
    rate: () => 0.5,
    statistics: { rule: "average", momentum: 0.1 },
    examples: { count: 3, image: (i) => images[i]!, label: (i) => i },
    partition: own.map((i) => [i]),
    taking: 3,
    batch: 1,
    root,
    machine: { threads: 1 },
    ...changes,
  });
  const trainedOn = async (images: readonly Float32Array[], changes: Partial<Federation>) => {
    const all = federation(images, changes);
    const training = await openTraining(all);
    const { state } = await training.round(initialTraining(all, weights));
    await training.dispose();
    return state.weights;
  };
  const originals = own.map((i) => data.example(i).image);
  const transformed = (key: (client: number) => readonly [number, number]) =>
    originals.map((image, client) => imagesBehind(ats, [image], { shape, key: key(client) })[0]!);
  const ofClient = (client: number) => stream(foldIn(foldIn(stream(root, "sent"), 0), client), "images");

  it.each([
    ["fed-sgd", { protocol: { kind: "fed-sgd" } }, ofClient],
    ["fed-avg", { protocol: { kind: "fed-avg", passes: 1, rate: 0.1 } }, (client: number) => foldIn(ofClient(client), 0)],
  ] as const)("by %s is training on the images that it draws", async (_, protocol, key) => {
    const behind = await trainedOn(originals, { ...protocol, defense: ats });
    const drawn = await trainedOn(transformed(key), protocol);
    const plain = await trainedOn(originals, protocol);
    const apart = (one: Float32Array, other: Float32Array) =>
      one.reduce((most, entry, i) => Math.max(most, Math.abs(entry - other[i]!)), 0);
    for (const name of Object.keys(behind)) expect(apart(behind[name]!, drawn[name]!)).toBeLessThan(1e-5);
    expect(apart(behind["0.weight"]!, plain["0.weight"]!)).toBeGreaterThan(1e-3);
  });
});

describe("ats refuses", () => {
  it.each([
    ["an unknown index", { defense: "ats:policy=21-13-50" }, /has the index 50.*indices from 0 to 49/],
    ["a negative index", { defense: "ats:policy=-1" }, /has the index -1.*indices from 0 to 49/],
    ["a crop that is no number", { defense: "ats:crop=-1" }, /crop/],
  ])("%s", async (_, changes, words) => {
    await expect(ran({ ...asked, attack: "inverting-gradients:steps=3", ...changes })).rejects.toThrow(words);
  });

  it("vectors", async () => {
    const audit = {
      ...{ command: "audit", data: { set: "gaussian" }, client: { model: "mlp:sizes=8" }, defenses: ["ats"], samples: 2 },
      ...{ attacks: ["dlg:steps=2"], adaptive: false, score: { delta: 1, deltaSpace: "pixel" } },
    };
    await expect(ran(audit)).rejects.toThrow(/8 bits an entry.*inputs of this network have the shape/);
  });

  it("images that are not of 8 bits", () => {
    const change = () => imagesBehind(defenses.build("ats"), [new Float32Array(3072).fill(0.3001)], { shape, key: keyFromSeed(1) });
    expect(change).toThrow(/8 bits an entry/);
  });
});
