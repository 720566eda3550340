import { describe, expect, it } from "vitest";
import { classesIn } from "../../src/adversary/batch-classes.ts";
import { headOf } from "../../src/adversary/head.ts";
import { type LabelReading, type LabelRule, recoverLabels } from "../../src/adversary/index.ts";
import { labelCounts } from "../../src/adversary/label-counts.ts";
import { probesFor } from "../../src/adversary/probes.ts";
import { type Client, fedSgd, losses } from "../../src/client/index.ts";
import { gaussianSet, shapesSet } from "../../src/data/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { train } from "../../src/experiments/train.ts";
import { initialWeights, type Model, models } from "../../src/models/index.ts";
import { linear } from "../../src/models/layers.ts";
import { sequential } from "../../src/models/model.ts";
import { fillUniform, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { taskOf } from "../../src/runs/index.ts";
import { examplesOf, privateBatches, requireAttack, simulate } from "../../src/scenario/index.ts";

const classes = 10;
const vectors = (split: "train" | "test") => gaussianSet({ dimension: 20, classes, split }, keyFromSeed(5));
const data = vectors("test");
const examples = examplesOf(vectors("train"));
const networkOf = (name: string) => models.build(name, taskOf(data));
const untrained = (name: string, loss = "cross-entropy") => {
  const model = networkOf(name);
  return fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)), loss: losses.build(loss) });
};

/** The first vectors of a batch's classes, none of them twice. */
function batchOf(labels: readonly number[], skip: number) {
  const used = new Set<number>();
  return labels.map((label) => {
    for (let i = skip; ; i++) {
      const example = data.example(i);
      if (example.label !== label || used.has(i)) continue;
      used.add(i);
      return example;
    }
  });
}

interface Asked {
  readonly client: Client;
  readonly defense?: string;
  readonly rule?: LabelRule;
  /** Whether the attacker has public vectors. The default is yes. */
  readonly open?: boolean;
}

/** What a rule reads off the updates of these batches, each a lane. */
async function reading(
  batches: readonly (readonly number[])[],
  { client, defense = "none", rule, open = true }: Asked,
): Promise<LabelReading & { readonly found: readonly (readonly number[])[] }> {
  const [lanes, batchSize] = [batches.length, batches[0]!.length];
  const held = privateBatches(
    batches.map((batch, lane) => batchOf(batch, 7 * lane)),
    client,
  );
  const keys = batches.map((_, lane) => foldIn(keyFromSeed(3), lane));
  const received = await simulate({ client, defense: defenses.build(defense) }, held, keys, { threads: 1 });
  const read = await recoverLabels({ rounds: [received], lanes, batchSize }, rule, { ...(open ? { examples } : {}), threads: 1 });
  const found = batches.map((batch, lane) =>
    batch.map((_, i) => read.labels.subarray((lane * batchSize + i) * classes, (lane * batchSize + i + 1) * classes).indexOf(1)),
  );
  return { ...read, found };
}

/** The share of labels that are right, as batches without order. */
async function accuracy(batches: readonly (readonly number[])[], asked: Asked): Promise<number> {
  const { found } = await reading(batches, asked);
  const right = batches.map((batch, lane) => {
    const left = [...found[lane]!];
    return batch.filter((label) => {
      const at = left.indexOf(label);
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    }).length;
  });
  return right.reduce((sum, count) => sum + count, 0) / batches.flat().length;
}

const singles = Array.from({ length: 60 }, (_, i) => [i % classes]);
const same = Array.from({ length: classes }, (_, label) => [label, label, label, label]);
const mixed = Array.from({ length: 20 }, (_, i) => [i % 10, (3 * i + 1) % 10, (3 * i + 1) % 10, (7 * i + 5) % 10].sort((a, b) => a - b));

describe("labels are read off the classifier head's gradient", () => {
  it.each(["relu", "tanh", "gelu"])("of one image, by the sign of the bias, exactly, for %s", async (activation) => {
    const client = untrained(`mlp:sizes=64,activation=${activation}`);
    expect((await reading(singles, { client })).found).toEqual(singles);
  });

  it("of 60 shipped images on a network of tanh, where the signs of the weights are wrong for many", async () => {
    const shapes = shapesSet("test");
    const model = models.build("mlp:sizes=64,activation=tanh", taskOf(shapes));
    const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(0)) });
    const images = Array.from({ length: 60 }, (_, i) => shapes.example(i));
    const held = privateBatches(
      images.map((image) => [image]),
      client,
    );
    const keys = images.map((_, i) => foldIn(keyFromSeed(2), i));
    const received = await simulate({ client, defense: defenses.build("none") }, held, keys, { threads: 1 });
    const { labels, rule } = await recoverLabels({ rounds: [received], lanes: 60, batchSize: 1 });
    expect(rule).toBe("sign");
    expect([...labels]).toEqual([...held.y]);
  });

  it("of a batch without repeats", async () => {
    const batches = [
      [0, 3, 7, 9],
      [1, 2, 4, 8],
    ];
    for (const activation of ["relu", "tanh"])
      expect((await reading(batches, { client: untrained(`mlp:sizes=64,activation=${activation}`), rule: "distinct" })).found).toEqual(
        batches,
      );
  });

  it.each(["none", "clip:norm=0.01", "dp-sgd:norm=1,multiplier=0.03", "mask:keep=0.5", "mask:keep=0.5,published=false"])(
    "of batches with repeats behind %s",
    async (defense) => {
      const client = untrained("mlp:sizes=64");
      expect(await accuracy(same, { client, defense })).toBe(1);
      expect(await accuracy(mixed, { client, defense })).toBeGreaterThan(0.96);
    },
  );

  it("from all entries that were sent where noise hides the bias", async () => {
    // A bias entry of 0.9 in noise of √2 · 0.2 is read right in most cases, 65 entries in all.
    expect(await accuracy(singles, { client: untrained("mlp:sizes=64"), defense: "laplacian:scale=0.4" })).toBeGreaterThan(0.9);
  });

  it("with a head that is not the last parameter, nor the only matrix with a row for each class", async () => {
    const model = networkOf("mlp:sizes=10/10");
    const shuffled: Model = { ...model, parameters: [4, 5, 0, 1, 2, 3].map((i) => model.parameters[i]!) };
    const client = fedSgd({ model: shuffled, weights: initialWeights(model, keyFromSeed(4)) });
    expect((await reading(singles, { client })).found).toEqual(singles);
    expect(await accuracy(same, { client })).toBe(1);
  });

  it("for any loss that is linear in the labels, by counts", async () => {
    for (const loss of ["squared-error", "cross-entropy:smoothing=0.2"]) {
      const client = untrained("mlp:sizes=64", loss);
      expect(await accuracy(singles, { client, rule: "counts" })).toBeGreaterThan(0.95);
      expect(await accuracy(same, { client })).toBeGreaterThan(loss === "squared-error" ? 0.9 : 0.99);
    }
  });
});

describe("a trained network", () => {
  const trainedOn = async (epochs: number) => {
    const model = networkOf("mlp:sizes=64");
    const training = { epochs, examples: 1000, batch: 32, rate: 1e-3 };
    const weights = await train(model, initialWeights(model, keyFromSeed(1)), vectors("train"), training, keyFromSeed(2), { threads: 1 });
    return fedSgd({ model, weights });
  };

  it("tells labels by what it predicts itself", async () => {
    const client = await trainedOn(30);
    expect(await accuracy(singles, { client })).toBe(1);
    for (const open of [true, false])
      for (const defense of ["none", "clip:norm=0.05"]) {
        expect(await accuracy(same, { client, defense, open })).toBe(1);
        expect(await accuracy(mixed, { client, defense, open })).toBeGreaterThan(0.85);
      }
  });

  it("that is sure of its labels leaves small gradients, and the reading says so", async () => {
    const model = networkOf("mlp:sizes=64");
    const initial = initialWeights(model, keyFromSeed(1));
    const usual = await reading(singles, { client: fedSgd({ model, weights: initial }) });
    expect(usual.faint.some(Boolean)).toBe(false);
    // Logits of the trained network times 30: predictions are 0 or 1.
    const { weight } = await trainedOn(10);
    const weights = new Map(
      [...initial].map(([name, { shape }]) => {
        const { data: own } = weight(name).attributes as { readonly data: Float32Array };
        return [name, { shape, data: own.map((entry) => (name.startsWith("2.") ? 30 * entry : entry)) }];
      }),
    );
    const sure = await reading(singles, { client: fedSgd({ model, weights }) });
    expect(sure.faint.filter(Boolean).length).toBeGreaterThan(20);
    const drowned = await reading(singles, { client: fedSgd({ model, weights: initial }), defense: "gaussian:sigma=10" });
    expect(drowned.faint.every(Boolean)).toBe(true);
  });
});

describe("labels are refused where a rule cannot hold", () => {
  it("for the wrong size of a batch", async () => {
    const client = untrained("mlp:sizes=16");
    await expect(reading([[1, 2]], { client, rule: "sign" })).rejects.toThrow(
      "The label rule sign reads the label of one image, but the batch size is 2; use --label-rule distinct or --label-rule counts.",
    );
    await expect(reading([Array.from({ length: 11 }, () => 1)], { client, rule: "distinct" })).rejects.toThrow(
      "11 images cannot all have different labels among 10 classes; use --label-rule counts.",
    );
  });

  /** A network whose head has no bias, behind features of either sign or of one. */
  const withoutBias = (signed: boolean) => {
    const model = networkOf(`mlp:sizes=64,activation=${signed ? "tanh" : "relu"}`);
    const own: Model = { ...model, parameters: model.parameters.slice(0, -1) };
    return fedSgd({ model: own, weights: initialWeights(model, keyFromSeed(1)) });
  };
  it("for features of both signs and no bias", async () => {
    for (const rule of ["sign", "counts", "distinct"] as const)
      await expect(reading([[3]], { client: withoutBias(true), rule })).rejects.toThrow(/has no bias, and its inputs have both signs/);
    expect((await reading(singles, { client: withoutBias(false) })).found).toEqual(singles);
  });

  it("for a loss that is not negative for the true class alone, by sign", async () => {
    const model = networkOf("mlp:sizes=64");
    const weights = new Map(
      [...initialWeights(model, keyFromSeed(1))].map(([name, { shape, data: own }]) => [
        name,
        { shape, data: own.map((entry) => 3 * entry) },
      ]),
    );
    const client = fedSgd({ model, weights, loss: losses.build("squared-error") });
    await expect(reading(singles, { client })).rejects.toThrow("The label rule sign needs a loss");
  });

  it("for a network without a dense head, before any work if its shapes say so", async () => {
    const model = networkOf("mlp:sizes=10");
    // Logits are squares of what the last layer makes: no layer makes the logits.
    const squared: Model = { ...model, forward: (x, context) => model.forward(x, context).square() };
    const client = fedSgd({ model: squared, weights: initialWeights(model, keyFromSeed(1)) });
    await expect(reading([[3]], { client })).rejects.toThrow(
      /none of its matrices with 10 rows is a dense layer whose outputs are the logits/,
    );
    const headless: Model = {
      ...model,
      parameters: model.parameters.slice(0, 2).map((one) => ({ ...one, shape: [20, ...one.shape.slice(1)] })),
    };
    const other = { ...client, model: headless, parameters: headless.parameters };
    const attack = { name: "none", assumes: { law: "", prior: "", radius: 0, samples: 1 }, async *reconstruct() {} };
    const seen = { rounds: [{ client: other }], lanes: 1, batchSize: 1 };
    expect(() => requireAttack(attack, seen, { labels: "recovered" })).toThrow(
      /none of its parameters is a matrix with a row for each of 10 classes/,
    );
    expect(() => requireAttack(attack, seen, { labels: "known" })).not.toThrow();
    expect(() => requireAttack(attack, seen, { labels: "known", labelRule: "sign" })).toThrow(
      "--label-rule sign does not fit --labels known, which reads no labels off updates; use --labels recovered.",
    );
  });
});

describe("what labels are read with", () => {
  it("are counts whose direction fits best, of all batches of four images", () => {
    const expected = [
      [0.5, 0.2, 0.2, 0.1],
      [0.1, 0.6, 0.1, 0.2],
      [0.3, 0.1, 0.4, 0.2],
      [0.15, 0.25, 0.05, 0.55],
    ].map((row) => Float64Array.from(row));
    for (let code = 0; code < 4 ** 4; code++) {
      const counts = new Int32Array(4);
      for (let i = 0; i < 4; i++) counts[Math.floor(code / 4 ** i) % 4]! += 1;
      // The mean over the batch of a(x) − y, at a scale that nobody knows.
      const residual = Float64Array.from({ length: 4 }, (_, c) =>
        expected.reduce((sum, row, k) => sum + 0.03 * counts[k]! * (row[c]! - Number(c === k)), 0),
      );
      const found = labelCounts({ residual, variance: new Float64Array(4).fill(1), expected, certain: [], absent: [] }, 4, 4);
      expect([...found]).toEqual([...counts]);
    }
  });

  it("are counts that no image in another class would fit better", () => {
    const classes = 5;
    for (let seed = 0; seed < 40; seed++) {
      const numbers = new Float32Array(classes * classes + 2 * classes);
      fillUniform(keyFromSeed(seed), numbers);
      const expected = Array.from({ length: classes }, (_, k) => {
        const row = Float64Array.from(numbers.subarray(k * classes, (k + 1) * classes));
        const sum = row.reduce((all, entry) => all + entry, 0);
        return row.map((entry) => entry / sum);
      });
      const residual = Float64Array.from(numbers.subarray(classes * classes, classes * (classes + 1)), (entry) => entry - 0.5);
      const variance = Float64Array.from(numbers.subarray(classes * (classes + 1)), (entry) => 0.1 + entry);
      // ⟨r, t⟩² / ‖t‖², or ⟨r, t⟩ where it is negative, for t = Σ n_k (a_k − e_k).
      const agreed = (counts: readonly number[]) => {
        let [along, square] = [0, 0];
        for (let c = 0; c < classes; c++) {
          const t = expected.reduce((sum, row, k) => sum + counts[k]! * (row[c]! - Number(c === k)), 0);
          along += (residual[c]! * t) / variance[c]!;
          square += t ** 2 / variance[c]!;
        }
        return along <= 0 ? along : along ** 2 / square;
      };
      // With 40 images more than one of them has to move after all were placed.
      for (const images of [6, 40]) {
        const found = [...labelCounts({ residual, variance, expected, certain: [], absent: [] }, images, images)];
        expect(found.reduce((sum, count) => sum + count, 0)).toBe(images);
        for (let from = 0; from < classes; from++)
          for (let to = 0; to < classes; to++) {
            if (from === to || found[from] === 0) continue;
            const moved = found.map((count, k) => count + Number(k === to) - Number(k === from));
            expect(agreed(moved)).toBeLessThanOrEqual(agreed(found) + 1e-8 * Math.abs(agreed(found)));
          }
      }
    }
  });

  it("are no classes that would show, were they there", () => {
    const classes = 3;
    const probes = { x: new Float32Array(), count: 1 };
    const head = { classes, parameters: [], predictions: Float64Array.of(0.4, 0.3, 0.3), probes };
    // One image of a class takes 1 - own off its entry, and each of the two others adds to it. The
    // residual is near that of two images of class 0 and one of class 1, whose entry shows nothing.
    const batch = (own: number, others: number, lowest?: Float64Array) => {
      const expected = Array.from({ length: classes }, (_, k) =>
        Float64Array.from({ length: classes }, (_, c) => (c === k ? own : others)),
      );
      const estimate = Float64Array.of(2 * own - 2 + others, Math.max(0.01, 2 * others + own - 1), 3 * others);
      const residual = { estimate, variance: new Float64Array(classes).fill(1e-6), noise: 0 };
      return classesIn(head, residual, { rule: "counts", batchSize: 3, expected, lowest });
    };
    // In single columns an image shows where it weighs more than half of what the others add.
    const columns = Float64Array.of(-1, 0, 0);
    expect(batch(0.46, 0.5, columns)).toEqual([0, 0, 0]);
    expect(batch(0.54, 0.5, columns)).toEqual([0, 0, 1]);
    // In their sum it has to weigh a quarter more than all of it.
    expect(batch(0.46, 0.2)).toEqual([0, 0, 0]);
    expect(batch(0.54, 0.2)).toEqual([0, 0, 1]);
  });

  it("are heads only if the whole gradient has their form, and not what decay adds to it", async () => {
    const client = untrained("mlp:sizes=16");
    const weight = client.parameters.at(-2);
    const decayed: Client = {
      ...client,
      update: (batch) => client.update(batch).map((entries, name) => (name === weight!.name ? entries.add(4e-4) : entries)),
    };
    await expect(headOf(decayed, probesFor(client, {}), { threads: 1 })).rejects.toThrow("dense layer whose outputs are the logits");
  });

  it("are means and variances of the head's input over all probes, which are too many for one call", async () => {
    const wide = { shape: [4000], classes: 10, normalization: { mean: [0], std: [1] } };
    const model = sequential(wide, "nchw", [linear("0", [4000], 10)]);
    const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
    const probes = probesFor(client, {});
    const head = await headOf(client, probes, { threads: 1 });
    const weight = head.parameters.find(({ isBias }) => !isBias)!;
    // The input of a network's only layer is the network's own.
    for (const column of [0, 1, 1777, 3999]) {
      const entries = Array.from({ length: probes.count }, (_, i) => probes.x[i * 4000 + column]!);
      const mean = entries.reduce((sum, entry) => sum + entry, 0) / probes.count;
      expect(weight.mean[column]).toBeCloseTo(mean, 4);
      expect(weight.variance[column]).toBeCloseTo(entries.reduce((sum, entry) => sum + (entry - mean) ** 2, 0) / probes.count, 4);
    }
  });
});
