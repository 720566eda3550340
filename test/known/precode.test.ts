import { describe, expect, it } from "vitest";
import { separateInputs } from "../../src/adversary/index.ts";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { bareOf, defended, defenses, lawOf } from "../../src/defenses/index.ts";
import { constant, sizeOf } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { fillNormal, foldIn, Key, keyFromSeed, split } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { oneHot, simulate } from "../../src/scenario/index.ts";

const task = { shape: [3, 32, 32], classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } };
const count = ({ parameters }: { readonly parameters: readonly { readonly shape: readonly number[] }[] }) =>
  parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
const clientOf = (spec: string, own = task, seed = 1) => {
  const model = models.build(spec, own);
  return fedSgd({ model, weights: initialWeights(model, keyFromSeed(seed)) });
};
const small = { shape: [1, 4, 4], classes: 4, normalization: { mean: [0], std: [1] } };
const normals = (size: number, seed: number): Float32Array => {
  const out = new Float32Array(size);
  fillNormal(keyFromSeed(seed), out);
  return out;
};

describe("the bottleneck", () => {
  it("has the parameters of the attacked network and of the published one", () => {
    expect(count(models.build("precode-mlp", task))).toBe(2_931_850);
    expect(count(defended(defenses.build("precode"), clientOf("mlp:sizes=1024/1024")))).toBe(4_994_570);
  });

  it("stands in front of the last dense layer or of a stated one, and behind LeNet's convolutions", () => {
    const names = (defense: string, model: string) => defended(defenses.build(defense), clientOf(model)).parameters.map(({ name }) => name);
    const own = ["precode.encoder.weight", "precode.encoder.bias", "precode.decoder.weight", "precode.decoder.bias"];
    expect(names("precode:size=8", "mlp:sizes=6/5").slice(4)).toEqual([...own, "4.weight", "4.bias"]);
    expect(names("precode:size=8,layer=2", "mlp:sizes=6/5").slice(2, 7)).toEqual([...own, "2.weight"]);
    expect(names("precode:size=8,form=attacked", "lenet").slice(6, 10)).toEqual(
      ["mu.weight", "mu.bias", "log_var.weight", "log_var.bias"].map((name) => `precode.${name}`),
    );
    expect(() => names("precode:layer=lin1", "mlp:sizes=6/5")).toThrow("layer lin1 is not one of its dense layers, which are 0, 2, 4.");
    expect(() => names("precode+precode", "mlp:sizes=6/5")).toThrow("it has this bottleneck already");
  });

  it("keeps the weights of the network, and draws anew for each update", async () => {
    const client = clientOf("mlp:sizes=6/5,activation=tanh", small);
    const defense = defenses.build("precode:size=3");
    const changed = defended(defense, client);
    expect(evaluate([changed.weight("0.weight")])[0]!.data).toEqual(evaluate([client.weight("0.weight")])[0]!.data);
    expect(lawOf(defense, changed.model)).toMatchObject({ kind: "unknown", reason: expect.stringContaining("draws at random") });
    const x = normals(16, 4);
    const held = { lanes: 3, batchSize: 1, x: Float32Array.from([...x, ...x, ...x]), y: oneHot([1, 1, 1], 4) };
    const keys = [keyFromSeed(1), keyFromSeed(2), keyFromSeed(1)];
    const { updates } = await simulate({ client, defense }, held, keys, { threads: 1 });
    const { data } = updates.get("0.weight")!;
    const lane = (i: number) => [...data.subarray((i * data.length) / 3, ((i + 1) * data.length) / 3)];
    expect(lane(0)).toEqual(lane(2));
    expect(lane(0)).not.toEqual(lane(1));
    const bare = await simulate({ client, defense: bareOf(defense, changed.model) }, held, keys, { threads: 1 });
    const { data: centers } = bare.updates.get("0.weight")!;
    expect([...centers.subarray(0, 96)]).toEqual([...centers.subarray(96, 192)]);
  });

  it.each([
    ["published", "right", "shared"],
    ["attacked", "right", "training"],
    ["attacked", "code", "training"],
  ])("%s: adds the divergence from the normal (%s) to the loss of %s", (form, divergence, where) => {
    const defense = defenses.build(`precode:size=3,form=${form},divergence=${divergence}`);
    const client = defended(defense, clientOf("mlp:sizes=5,activation=tanh", small));
    expect(client.model.penalty).toBe(where);
    const terms: ReturnType<typeof constant>[] = [];
    let entering: ReturnType<typeof constant> | undefined;
    const x = constant(normals(32, 5), [2, 1, 4, 4]);
    client.model.forward(x, {
      mode: "eval",
      weight: client.weight,
      penalize: (term) => void terms.push(term),
      tap: (name, tensor) => {
        if (/(encoder|mu).input$/.test(name)) entering = tensor;
      },
    });
    expect(terms).toHaveLength(1);
    const rows = (layer: string) => {
      const out = entering!.matmul(client.weight(`precode.${layer}.weight`), false, true).add(client.weight(`precode.${layer}.bias`));
      return [...evaluate([out])[0]!.data];
    };
    let [total, factor] = [0, 0.003];
    if (form === "published") {
      const both = rows("encoder");
      factor = 1e-3 / Math.LN2;
      for (const b of [0, 1])
        for (const k of [0, 1, 2]) {
          const [mean, deviation] = [both[6 * b + k]!, Math.log1p(Math.exp(both[6 * b + 3 + k]!))];
          total -= 0.5 * (1 + 2 * Math.log(deviation) - mean ** 2 - deviation ** 2);
        }
    } else {
      const [mean, v] = [rows("mu"), rows("log_var")];
      v.forEach((one, i) => {
        total -= 0.5 * (1 + one - (divergence === "code" ? one : mean[i]!) ** 2 - Math.exp(one));
      });
    }
    expect(evaluate(terms)[0]!.data[0]).toBeCloseTo((factor * total) / 2, 10);
  });
});

describe("the attack on PRECODE", () => {
  const attacked = async (client: ReturnType<typeof clientOf>, defense: string, x: Float32Array, batchSize: number) => {
    const { shape, classes } = client.model;
    const lanes = x.length / batchSize / sizeOf(shape);
    const held = {
      lanes,
      batchSize,
      x,
      y: oneHot(
        Array.from({ length: lanes * batchSize }, (_, i) => i % classes),
        classes,
      ),
    };
    const received = await simulate({ client, defense: defenses.build(defense) }, held, split(keyFromSeed(9), lanes), { threads: 1 });
    const seen = { rounds: [received], lanes, batchSize, labels: held.y };
    const attack = attacks.build("on-precode:attack=(inverting-gradients:steps=5)").build({});
    attack.check?.(seen);
    let end: { x: Float32Array; lanes: readonly { remark?: string; stopped: string | null }[] } | undefined;
    for await (const progress of attack.reconstruct(seen, split(keyFromSeed(5), lanes), { threads: 1 }))
      end = { x: progress.inputs(), lanes: progress.lanes() };
    return end!;
  };
  const decibels = (found: ArrayLike<number>, truth: ArrayLike<number>) =>
    -10 * Math.log10(Array.from(truth).reduce((sum, entry, i) => sum + (entry - found[i]!) ** 2, 0) / truth.length);

  it.each([
    ["precode-mlp:size=16", "none"],
    ["precode-mlp:size=16,form=published,activation=tanh", "none"],
    ["mlp:sizes=64/32", "precode:size=8"],
  ])("inverts %s behind %s for any draw", async (model, defense) => {
    const x = normals(3 * 16, 7);
    const { x: found } = await attacked(clientOf(model, small), defense, x, 1);
    expect(decibels(found, x)).toBeGreaterThan(130);
  });

  it("separates the inputs of a batch that single units give away", async () => {
    const x = normals(3 * 16, 8);
    const { x: found, lanes } = await attacked(clientOf("mlp:sizes=96/32", small), "precode:size=8", x, 3);
    const rows = [0, 1, 2].map((b) => x.subarray(16 * b, 16 * (b + 1)));
    for (const row of rows)
      expect(Math.max(...[0, 1, 2].map((b) => decibels(found.subarray(16 * b, 16 * (b + 1)), row)))).toBeGreaterThan(90);
    expect(lanes[0]!.remark).toMatch(/^All 3 inputs follow from units of the first layer that are active for one of them only/);
  });

  it("says what it cannot separate, and that it failed where no unit saw the input", async () => {
    const x = normals(6 * 16, 8);
    const few = await attacked(clientOf("mlp:sizes=10/8", small), "precode:size=4", x, 6);
    expect(few.lanes[0]!.remark).toMatch(/(could be separated|of 6 inputs follow .* In their place|in their place)/);
    expect(few.x.every(Number.isFinite)).toBe(true);
    const dead = separateInputs(new Float64Array(12), new Float64Array(3), 1);
    expect(dead).toMatchObject({ inputs: [], rest: null });
  });

  it("averages the rows of an input, so that their rounding averages out", () => {
    const x = normals(50, 3);
    const delta = normals(400, 4);
    const weight = Float32Array.from({ length: 400 * 50 }, (_, i) => delta[Math.floor(i / 50)]! * x[i % 50]!);
    const { inputs, units } = separateInputs(weight, delta, 1);
    expect(units.map((own) => own.length)).toEqual([400]);
    // One row by itself has 150 dB or so.
    expect(decibels(inputs[0]!, x)).toBeGreaterThan(165);
  });

  it("drops what was drawn behind convolutions, and refuses networks without either", async () => {
    const own = { shape: [1, 8, 8], classes: 4, normalization: { mean: [0.5], std: [0.25] } };
    const { x, lanes } = await attacked(clientOf("lenet", own), "precode:size=8", normals(64, 2), 1);
    expect(x.every(Number.isFinite)).toBe(true);
    expect(lanes[0]!.stopped).toBeNull();
    await expect(attacked(clientOf("lenet", own), "none", normals(64, 2), 1)).rejects.toThrow("nothing to invert and nothing to drop");
  });
});

it("the key of the forward pass of a network with a bottleneck is folded with the place of its layer", () => {
  const client = clientOf("precode-mlp:size=4", small);
  const batch = { x: constant(normals(16, 1), [1, 1, 4, 4]), y: constant([0, 1, 0, 0], [1, 4]) };
  const drawn = (seed: number) => [
    ...evaluate([client.update(batch, Key.input("key")).entries("decoder.0.weight")], { key: foldIn(keyFromSeed(seed), 3) })[0]!.data,
  ];
  expect(drawn(1)).toEqual(drawn(1));
  expect(drawn(1)).not.toEqual(drawn(2));
});
