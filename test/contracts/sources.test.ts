import { createHash } from "node:crypto";
import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { datasets, noFiles } from "../../src/data/index.ts";
import { writeSafetensors } from "../../src/formats/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { plan, type Sources, sourcesFrom, taskOf, tensorsIn } from "../../src/runs/index.ts";

// What a page in a browser does: files come from memory, and no disk is read.

const data = await datasets.build("shapes").open("test", noFiles);
const model = models.build("mlp:sizes=8", taskOf(data));
const weightsOf = (seed: number) =>
  writeSafetensors(new Map([...initialWeights(model, keyFromSeed(seed))].map(([name, tensor]) => [name, { dtype: "F32", ...tensor }])));
const inMemory = (bytes?: Uint8Array): Sources =>
  sourcesFrom({
    open: (set, split) => datasets.build(set).open(split, noFiles),
    tensorFile: async () => (bytes ? { ...tensorsIn(bytes, "dropped.safetensors"), source: "dropped.safetensors" } : undefined),
  });
const surroundings = { machine: { clock: () => 0 }, versions: {} };
const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const asked = (sha256: string) => ({
  command: "audit",
  data: { set: "shapes" },
  client: { model: "mlp:sizes=8", weights: { kind: "file", sha256 } },
  attacks: ["inverting-gradients:steps=2"],
  samples: 2,
});

describe("sources in memory", () => {
  it("resolve weights by the hash of their bytes", async () => {
    const bytes = weightsOf(1);
    const { spec } = await plan(asked(hashOf(bytes)), inMemory(bytes), surroundings);
    expect(spec.client.weights).toEqual({ kind: "file", sha256: hashOf(bytes) });
  });

  it("refuse other bytes, and none", async () => {
    const named = hashOf(weightsOf(1));
    await expect(plan(asked(named), inMemory(weightsOf(2)), surroundings)).rejects.toThrow(
      `--weights dropped.safetensors is not the file of this spec: its SHA-256 is ${hashOf(weightsOf(2))}, and the spec names ${named}.`,
    );
    await expect(plan(asked(named), inMemory(), surroundings)).rejects.toThrow("say where it lies with --weights");
  });

  it("open each split of a data set once", async () => {
    let count = 0;
    const { dataset } = sourcesFrom({
      open: (set, split) => {
        count++;
        return datasets.build(set).open(split, noFiles);
      },
      tensorFile: async () => undefined,
    });
    const set = datasets.parse("shapes");
    expect(await dataset(set, "test")).toBe(await dataset(set, "test"));
    await dataset(set, "train");
    expect(count).toBe(2);
  });
});

describe("files of other programs", () => {
  const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  it.each([
    [
      "w.pt",
      zipSync({ "archive/data.pkl": strToU8("x"), "archive/data/0": strToU8("x") }, { level: 0 }),
      /of PyTorch \(torch\.save\).*torch\.load\('w\.pt'/s,
    ],
    ["w.pth", ascii("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."), /of PyTorch \(torch\.save\).*'w\.safetensors'\)"$/s],
    ["w.pt", ascii("\x80\x02}q."), /of PyTorch/],
    ["w.h5", ascii("\x89HDF\r\n\x1a\n\0"), /of Keras \(HDF5\).*load_model\('w\.h5'\)/s],
    ["w.keras", zipSync({ "metadata.json": strToU8("{}"), "model.weights.h5": strToU8("x") }, { level: 0 }), /of Keras.*'w\.npz'/s],
    ["w.pkl", ascii("\x80\x04\x95"), /is a pickle of Python.*pickle\.load\(open\('w\.pkl'/s],
    ["w.onnx", ascii("\x08\x08"), /is a network in ONNX.*onnx\.load\('w\.onnx'\)/s],
  ])("%s is named, with the line that converts it", (source, bytes, sentence) => {
    expect(() => tensorsIn(bytes, source)).toThrow(sentence);
    expect(() => tensorsIn(bytes, source)).toThrow(/safetensors and npz can be read/);
  });
});
