import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type DataFiles, datasets, noFiles } from "../../src/data/index.ts";
import { encodePng, writeSafetensors } from "../../src/formats/index.ts";
import type { NamedNumbers } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { memoryStore, plan, type Result, type RunEvent, sourcesFrom, taskOf, tensorsIn } from "../../src/runs/index.ts";

// Updates that say nothing about their images are refused, or named before the attack begins.

const images = ["a/0.png", "b/0.png"].map((path, i) => {
  const bytes = encodePng({ width: 4, height: 4, channels: 3, data: Uint8Array.from({ length: 48 }, (_, k) => (k * (5 + 2 * i)) % 256) });
  return { path, source: path, read: () => bytes };
});
const files: DataFiles = {
  ...noFiles,
  folder: async () => ({ source: "memory", images }),
};
const set = "folder:size=4/4";
const data = await datasets.build(set).open("test", files);
const model = models.build("mlp:sizes=8", taskOf(data));
const initial = initialWeights(model, keyFromSeed(1));
const surroundings = { machine: { threads: 1, clock: () => 0 }, versions: {} };
const label = data.example(0).label;
const bytesOf = (tensors: NamedNumbers) =>
  writeSafetensors(new Map([...tensors].map(([name, tensor]) => [name, { dtype: "F32", ...tensor }])));
const shaOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
/** Weights whose bias of the label, or of all hidden units, is `bias`. */
const biased = (name: "0.bias" | "2.bias", bias: number): NamedNumbers =>
  new Map(initial).set(name, {
    shape: initial.get(name)!.shape,
    data: initial.get(name)!.data.map((entry, i) => (name === "0.bias" || i === label ? bias : entry)),
  });

function planned(weights: NamedNumbers, update?: NamedNumbers, asked: object = {}) {
  const bytes = { weights: bytesOf(weights), update: bytesOf(update ?? weights) };
  const sources = sourcesFrom({
    open: (asked, split) => datasets.build(asked).open(split, files),
    tensorFile: async (what) => ({
      ...tensorsIn(bytes[what === "update" ? what : "weights"], `${what}.safetensors`),
      source: `${what}.safetensors`,
    }),
  });
  const client = { model: "mlp:sizes=8", weights: { kind: "file", sha256: shaOf(bytes.weights) } };
  const spec = update
    ? {
        command: "invert",
        update: { sha256: shaOf(bytes.update) },
        input: { shape: data.shape, classes: data.classes.length, mean: data.mean, std: data.std },
      }
    : { command: "attack", data: { set, images: [0] } };
  return plan({ ...spec, client, attack: "inverting-gradients:steps=1", ...asked }, sources, surroundings);
}

async function told(running: AsyncGenerator<RunEvent, unknown>) {
  const events: RunEvent[] = [];
  let next = await running.next();
  for (; !next.done; next = await running.next()) events.push(next.value);
  return { events, result: next.value as Result };
}

describe("an update that is zero everywhere", () => {
  it("is refused before an attack that would simulate it", async () => {
    await expect(planned(biased("2.bias", 1000))).rejects.toThrow(
      /The update of image 0 is zero everywhere: it says nothing.*The network is certain of the class/,
    );
    // Noise on it is no information, but it is not for this check to say.
    await expect(planned(biased("2.bias", 1000), undefined, { defense: "gaussian" })).resolves.toBeDefined();
  });

  it.each([0, 1e-30])("is refused where a file has it (%s)", async (entry) => {
    const update = new Map([...initial].map(([name, { shape, data: own }]) => [name, { shape, data: own.map(() => entry) }]));
    await expect(planned(initial, update)).rejects.toThrow("update.safetensors is zero everywhere: it says nothing about the images");
  });
});

describe("an update that says hardly anything", () => {
  it.each([
    ["of a network that is certain", biased("2.bias", 40), /The update of image 0 is hardly more than rounding: no entry exceeds \d/],
    [
      "of dead units",
      biased("0.bias", -1000),
      /says nothing about the pixels: its first layer \(0\) is 0, because the units behind it are dead/,
    ],
  ] as const)("%s is named before the attack and in the result", async (_, weights, sentence) => {
    const { run } = await planned(weights);
    const { events, result } = await told(run(memoryStore()));
    expect(events[0]).toMatchObject({ kind: "remark", sentence: expect.stringMatching(sentence) });
    expect(result.notes.join("\n")).toMatch(sentence);
  });

  it("is no update of an ordinary network", async () => {
    const { run } = await planned(initial);
    const { events } = await told(run(memoryStore()));
    expect(events.filter(({ kind }) => kind === "remark")).toEqual([]);
  });
});
