import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { datasets, noFiles } from "../../src/data/index.ts";
import { writeSafetensors } from "../../src/formats/index.ts";
import { type InvertSpec, memoryStore, plan, type Result, sourcesFrom, type TensorFile, tensorsIn } from "../../src/runs/index.ts";
import { invertSpec } from "../../src/runs/invert-spec.ts";
import { prepareInvert } from "../../src/runs/prepare.ts";
import { realizeUpdate } from "../../src/runs/realize.ts";
import { parseSpec } from "../../src/runs/spec.ts";

// updates.py beside this file
interface Case {
  readonly name: string;
  readonly classes: number;
  readonly labels: readonly number[];
  readonly pixels: readonly (readonly number[])[];
  readonly weights: string;
  readonly updates: Readonly<Record<string, { readonly file: string; readonly scale: number | null }>>;
}
const fixture = JSON.parse(readFileSync(new URL("updates.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
  readonly names: Readonly<Record<string, string>>;
  readonly normalized: Readonly<Record<"weights" | "after" | "gradients" | "named", string>> & {
    readonly labels: readonly number[];
    readonly scale: number;
  };
};
const opened = (base64: string, source: string): TensorFile & { source: string } => ({
  ...tensorsIn(new Uint8Array(Buffer.from(base64, "base64")), source),
  source,
});

/** What an inversion of these files sees. */
async function read(weights: string, update: string, asked: Record<string, unknown> & { update?: object; client?: object }) {
  const files = { weights: opened(weights, "w"), update: opened(update, "u") };
  const spec = {
    command: "invert",
    attack: "exact",
    ...asked,
    input: { shape: [1, 4, 4], classes: 5, mean: [0], std: [1], ...(asked.input as object) },
    client: { model: "mlp:sizes=8/8", weights: { kind: "file", sha256: files.weights.sha256 }, ...asked.client },
    update: { sha256: files.update.sha256, ...asked.update },
  };
  const sources = sourcesFrom({
    open: (set, split) => datasets.build(set).open(split, noFiles),
    tensorFile: async (what) => files[what === "update" ? what : "weights"],
  });
  const ready = await realizeUpdate(prepareInvert(parseSpec(invertSpec, spec)), sources);
  return { ...ready, seen: ready.seen.rounds[0]!.updates, sources, spec: ready.spec as InvertSpec };
}

const [one, three, two] = fixture.cases as [Case, Case, Case];

/** How far what is seen is from the gradient that PyTorch saved, relatively. */
async function distance(found: Awaited<ReturnType<typeof read>>, { weights, updates, classes }: Case, name = "gradient") {
  const { seen } = await read(weights, updates[name]!.file, { update: { is: "gradient", scale: 1 }, input: { shape: [1, 4, 4], classes } });
  let [apart, norm] = [0, 0];
  for (const [parameter, { data }] of seen)
    data.forEach((entry, i) => {
      apart += (entry - found.seen.get(parameter)!.data[i]!) ** 2;
      norm += entry ** 2;
    });
  return Math.sqrt(apart / norm);
}

describe("an update of one image, as PyTorch saves it", () => {
  it.each([
    ["gradient", undefined, 1, 1e-7],
    ["gradient in 16 bits", undefined, 1, 1e-3],
    ["gradient of a summed loss", undefined, 8, 1e-5],
    ["difference", "difference", 0.05, 1e-4],
    ["difference of three steps", "difference", 0.006, 0.03],
    ["before minus after", "gradient", 0.05, 1e-4],
    ["weights", "weights", 0.05, 1e-4],
  ] as const)("%s is the gradient, with its scale", async (name, is, scale, within) => {
    const found = await read(one.weights, one.updates[name]!.file, { update: is ? { is } : {} });
    expect(found.spec.update.is).toBe(is ?? "gradient");
    expect(Math.abs(found.spec.update.scale! / scale - 1)).toBeLessThan(within < 0.01 ? 1e-3 : within);
    expect(await distance(found, one)).toBeLessThan(within);
  });

  it("with smoothed labels has its scale as well", async () => {
    const client = { loss: "cross-entropy:smoothing=0.1" };
    const found = await read(one.weights, one.updates["smoothed difference"]!.file, { client, update: { is: "difference" } });
    expect(found.spec.update.scale).toBeCloseTo(0.05, 4);
    expect(await distance(found, one, "smoothed gradient")).toBeLessThan(1e-4);
    await expect(read(one.weights, one.updates["smoothed difference"]!.file, { client })).rejects.toThrow(
      /u is not a gradient, but a difference of weights \(after minus before\): its last layer is minus 0\.05 times.*--update-is difference/,
    );
  });

  it.each([
    ["difference", undefined, /is not a gradient, but a difference.*exactly one entry of 4\.bias is negative, and here 1 of 5 is positive/],
    ["Adam", undefined, /is not a gradient, but a difference.*here 1 of 5 is positive/],
    ["weights", undefined, /is not a gradient, but the weights after training: its numbers are those of --weights but for \d\.\d+ %/],
    ["weights", "difference", /is not a difference.*, but the weights after training.*State --update-is weights\.$/],
    ["difference", "weights", /is not the weights after training, but a difference/],
    ["gradient", "difference", /u has the signs of a gradient: .*state --update-is gradient/],
  ] as const)("%s is not taken for %s", async (name, is, sentence) => {
    await expect(read(one.weights, one.updates[name]!.file, { update: is ? { is } : {} })).rejects.toThrow(sentence);
  });

  it("is taken as one says in the end, and the notes say what it looks like", async () => {
    const found = await read(one.weights, one.updates.difference!.file, { update: { is: "gradient" } });
    expect(found.notes.join()).toContain("taken as a gradient, as stated, and has the signs of a difference");
    const scaled = await read(one.weights, one.updates["gradient of a summed loss"]!.file, { update: { scale: 4 } });
    expect(scaled.spec.update.scale).toBe(4);
    expect(await distance(scaled, one)).toBeCloseTo(1, 5);
  });

  it("of weights after much training is told from a gradient, too", async () => {
    const { tensors } = opened(one.weights, "w");
    const far = new Map(
      [...tensors].map(([name, { shape, data }]) => [
        name,
        { dtype: "F32" as const, shape, data: data.map((entry, i) => entry * 1.2 + 0.15 * Math.sin(7 * i)) },
      ]),
    );
    const file = Buffer.from(writeSafetensors(far)).toString("base64");
    await expect(read(one.weights, file, {})).rejects.toThrow(/is not a gradient, but the weights after training/);
  });

  it("of other files is refused: swapped, equal, zero", async () => {
    await expect(read(one.updates.weights!.file, one.weights, { update: { is: "weights" } })).rejects.toThrow(
      /Are the two files swapped\?/,
    );
    await expect(read(one.weights, one.weights, { update: { is: "weights" } })).rejects.toThrow(
      /u and --weights are equal: it says nothing/,
    );
  });

  it("of Adam has no scale that explains it, which a note says", async () => {
    const { notes } = await read(one.weights, one.updates.Adam!.file, { update: { is: "difference" } });
    expect(notes.join()).toMatch(/It fits badly: the client took several large steps, momentum, Adam/);
  });

  it("is attacked with the scale that was found, to the image", async () => {
    for (const [name, is] of [
      ["gradient", "gradient"],
      ["gradient of a summed loss", "gradient"],
      ["difference", "difference"],
      ["weights", "weights"],
    ] as const) {
      const { spec, sources } = await read(one.weights, one.updates[name]!.file, { update: { is } });
      const { run } = await plan(
        spec,
        sources,
        { machine: { threads: 1, clock: () => 0 }, versions: {} },
        {
          truth: [Float32Array.from(one.pixels[0]!, (pixel) => pixel / 255)],
        },
      );
      const running = run(memoryStore());
      let next = await running.next();
      while (!next.done) next = await running.next();
      const [image] = (next.value as Result).images;
      expect(image!.assumedLabel, name).toBe(one.labels[0]);
      expect(image!.psnr, name).toBeGreaterThan(60);
    }
  });
});

describe("an update of several images", () => {
  const input = { shape: [1, 4, 4], classes: 10 };
  const client = { batch: 3 };
  const of = (name: string, asked: object = {}) =>
    read(three.weights, three.updates[name]!.file, { input, client, attack: "inverting-gradients:steps=1", ...asked });

  it("shows by its signs that it is a difference", async () => {
    expect((await of("gradient")).spec.update).toMatchObject({ is: "gradient", scale: 1 });
    await expect(of("difference")).rejects.toThrow(/at most 3 entries of 4\.bias are negative, and here \d of 10 are positive/);
    await expect(of("weights")).rejects.toThrow(/but the weights after training/);
  });

  it("needs its scale, unless the attack compares directions only", async () => {
    const direction = await of("difference", { update: { is: "difference" } });
    expect(direction.spec.update).not.toHaveProperty("scale");
    expect(direction.notes.join()).toContain("The attack compares directions only");
    await expect(of("difference", { update: { is: "difference" }, attack: "dlg" })).rejects.toThrow(
      /the learning rate cannot be read off it here: state it with --scale/,
    );
    const found = await of("weights", { update: { is: "weights", scale: 0.05 }, attack: "dlg" });
    expect(await distance(found, three)).toBeLessThan(1e-4);
    await expect(of("gradient of a summed loss", { attack: "dlg" })).rejects.toThrow(
      /is not the gradient of a mean loss: .* State --scale, the factor of the loss: 3 for a loss summed over 3 images/,
    );
    expect((await of("gradient of a summed loss")).notes.join()).toContain("longer than the gradient of a mean loss can be");
  });
});

describe("an update of one of two classes", () => {
  const of = (name: string, asked: object = {}) =>
    read(two.weights, two.updates[name]!.file, { input: { shape: [1, 4, 4], classes: 2 }, ...asked });

  it("is a gradient where it is as long as one; otherwise one has to say what it is, or the label", async () => {
    expect((await of("gradient")).spec.update).toMatchObject({ is: "gradient", scale: 1 });
    await expect(of("difference")).rejects.toThrow(/With two classes, nothing tells which: state --update-is/);
    await expect(of("difference", { knownLabels: [1] })).rejects.toThrow(/is not a gradient, but a difference/);
    const found = await of("difference", { update: { is: "difference" } });
    expect(found.spec.update.scale).toBeCloseTo(0.05, 4);
    expect(await distance(found, two)).toBeLessThan(1e-4);
  });
});

describe("files by other names", () => {
  it.each(Object.keys(fixture.names))("%s", async (name) => {
    const found = await read(fixture.names[name]!, one.updates.gradient!.file, {});
    expect(found.spec.update.scale).toBe(1);
    expect(await distance(found, one)).toBe(0);
    expect(found.notes.join()).toMatch({ own: /fc1 for 0, fc2 for 2, out for 4/, list: /no names.*arr_0 for 0\.weight/ }[name] ?? /^$/);
    // The scale is 1 only for the right weights, in the right order.
    const [w, b] = ["2.weight", "2.bias"].map((one) => found.scenario.client.weight(one));
    expect([w!.shape, b!.shape]).toEqual([[8, 8], [8]]);
  });

  it("a client of Flower with batch normalization sends lists with counters", async () => {
    const { weights, after, gradients, named, labels, scale } = fixture.normalized;
    const asked = {
      input: { shape: [3, 9, 9], classes: 4, mean: [0, 0, 0], std: [1, 1, 1] },
      client: { model: "convnet:width=1", mode: "train", batch: 2 },
      knownLabels: labels,
      attack: "inverting-gradients:steps=1",
    };
    const truth = await read(named, gradients, asked);
    const found = await read(weights, after, { ...asked, update: { is: "weights", scale } });
    const scaleOf = [...truth.seen.values()].reduce((most, { data }) => Math.max(most, ...data.map(Math.abs)), 0);
    for (const [name, { data }] of truth.seen)
      for (const [i, entry] of data.entries()) expect(Math.abs(found.seen.get(name)!.data[i]! - entry) / scaleOf, name).toBeLessThan(1e-5);
    await expect(read(weights, after, asked)).rejects.toThrow(/--update-is weights/);
  });
});
