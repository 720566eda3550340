import { describe, expect, it } from "vitest";
import { type Attack, invertDense, type Observations, type Progress, peelDense } from "../../src/adversary/index.ts";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { datasets, noFiles } from "../../src/data/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { constant } from "../../src/graph/index.ts";
import { initialWeights, type Model, models } from "../../src/models/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { taskOf } from "../../src/runs/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { privateBatches, simulate } from "../../src/scenario/index.ts";

const normal = (seed: number, length: number): Float32Array => {
  const out = new Float32Array(length);
  fillNormal(keyFromSeed(seed), out);
  return out;
};

describe("what is peeled off a dense layer", () => {
  const [outputs, inputs] = [40, 30];
  const [x, delta] = [normal(1, inputs), normal(2, outputs)];
  /** How far two readings of the layer's input are from the truth, behind noise of this width. */
  const errors = (width: number, seed: number): { peeled: number; row: number } => {
    const noise = normal(seed, outputs * (inputs + 1)).map((entry) => width * entry);
    const weight = Float64Array.from({ length: outputs * inputs }, (_, i) => delta[Math.floor(i / inputs)]! * x[i % inputs]! + noise[i]!);
    const bias = Float64Array.from(delta, (entry, i) => entry + noise[outputs * inputs + i]!);
    const given = [constant(weight, [outputs, inputs]), constant(bias, [outputs])] as const;
    const [peeled, row] = evaluate([peelDense(...given), invertDense(...given)]);
    const far = (data: ArrayLike<number>) => Math.hypot(...Array.from(x, (entry, i) => data[i]! - entry));
    return { peeled: far(peeled!.data), row: far(row!.data) };
  };

  it("is the input without noise", () => {
    expect(errors(0, 3).peeled).toBeLessThan(1e-6);
  });

  it("uses all rows behind noise: its error is that of √outputs as much, where one row's is its own noise", () => {
    const all = Array.from({ length: 20 }, (_, i) => errors(0.05, 10 + i));
    const mean = (name: "peeled" | "row") => all.reduce((sum, one) => sum + one[name], 0) / all.length;
    // Of each entry, σ √(1 + x̄²) / ‖δ‖ to first order.
    const norm = Math.hypot(...delta);
    const expected = ((0.05 * Math.hypot(...x)) / norm) * Math.sqrt(1 + inputs / Math.hypot(...x) ** 2);
    expect(mean("peeled") / expected).toBeGreaterThan(0.6);
    expect(mean("peeled") / expected).toBeLessThan(1.7);
    expect(mean("peeled")).toBeLessThan(0.6 * mean("row"));
  });
});

const data = await datasets.build("shapes").open("test", noFiles);
async function observe(
  spec: string,
  images: readonly (readonly number[])[],
  defense = "none",
): Promise<{ seen: Observations; truth: Float32Array; model: Model }> {
  const model = models.build(spec, taskOf(data));
  const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(5)) });
  const held = privateBatches(
    images.map((batch) => batch.map((i) => data.example(i))),
    client,
  );
  const received = await simulate({ client, defense: defenses.build(defense) }, held, keys(images.length), { threads: 1 });
  return { seen: { rounds: [received], lanes: images.length, batchSize: images[0]!.length, labels: held.y }, truth: held.x, model };
}
const keys = (lanes: number) => Array.from({ length: lanes }, (_, i) => foldIn(keyFromSeed(6), i));
async function all(attack: Attack, seen: Observations): Promise<Progress[]> {
  const told: Progress[] = [];
  for await (const progress of attack.reconstruct(seen, keys(seen.lanes), { threads: 1 })) told.push(progress);
  return told;
}
const build = (spec: string) => attacks.build(spec).build({});
const far = (one: Float32Array, other: Float32Array) => Math.sqrt(one.reduce((sum, x, i) => sum + (x - other[i]!) ** 2, 0) / one.length);

describe("the attack peeling", () => {
  it("finds the image of the features, which determine it, and takes no step on the whole update then", async () => {
    const { seen, truth } = await observe("cnn", [[0], [1]]);
    const told = await all(build("peeling:steps=100"), seen);
    const end = told.at(-1)!;
    const blind = (await all(build("inverting-gradients:steps=30,tv=4e-4,tvNorm=squared"), seen)).at(-1)!;
    expect(far(end.inputs(), truth)).toBeLessThan(0.2 * far(new Float32Array(truth.length), truth));
    expect(far(end.inputs(), truth)).toBeLessThan(0.4 * far(blind.inputs(), truth));
    expect(end.lanes().map(({ steps }) => steps)).toEqual([100, 100]);
    expect(end.step).toBe(end.of);
    expect(told.slice(0, -1).every(({ step, of }) => step < of)).toBe(true);
    for (const { remark } of end.lanes())
      expect(remark).toMatch(
        /^The input of lin1 was peeled off its gradient\. \d+ of the 4096 columns of its gradient are 0, which the attack read as features that are 0\.$/,
      );
  });

  it("finds the image of the features where they are fewer than the pixels, and the steps on the whole update bring it nearer", async () => {
    const { seen, truth } = await observe("lenet", [[0], [1]]);
    const features = (await all(build("peeling:steps=60,refine=0"), seen)).at(-1)!;
    const whole = (await all(build("peeling:steps=60,refine=60"), seen)).at(-1)!;
    expect(far(whole.inputs(), truth)).toBeLessThan(far(features.inputs(), truth));
    expect([whole.step, whole.of]).toEqual([120, 120]);
  });

  it("takes no step on the whole update of one image behind a network that draws at random", async () => {
    const { seen } = await observe("lenet", [[0], [1]], "precode:size=16");
    const features = (await all(build("peeling:steps=20,refine=0"), seen)).at(-1)!;
    const whole = (await all(build("peeling:steps=20,refine=20"), seen)).at(-1)!;
    expect(whole.inputs()).toEqual(features.inputs());
    expect(whole.lanes().map(({ steps }) => steps)).toEqual([20, 20]);
  });

  it("is the exact inversion where the layer is the first, and nothing smooths it", async () => {
    const { seen, truth } = await observe("mlp:sizes=24", [[3]]);
    const end = (await all(build("peeling:refine=0,tv=0"), seen)).at(-1)!;
    expect(far(end.inputs(), truth)).toBeLessThan(1e-2);
  });

  it("takes another layer where one is stated, and names those that there are", async () => {
    const { seen, truth } = await observe("mlp:sizes=400/24", [[3]]);
    const end = (await all(build("peeling:layer=2,refine=0,tv=0.001"), seen)).at(-1)!;
    expect(far(end.inputs(), truth)).toBeLessThan(far(new Float32Array(truth.length), truth));
    await expect(all(build("peeling:layer=conv1"), seen)).rejects.toThrow(/conv1 is no dense layer with a bias; there are 0, 2/);
  });
});

describe("peeling a batch", () => {
  it("separates images by units that are active for one of them only, and gives each the label that fits", async () => {
    const { seen, truth } = await observe("cnn", [[2, 1, 0]]);
    const end = (await all(build("peeling:steps=120"), seen)).at(-1)!;
    // Every image stands where its label does.
    for (const b of [0, 1, 2]) {
      const own = (x: Float32Array) => x.subarray(b * 3072, (b + 1) * 3072);
      expect(far(own(end.inputs()), own(truth))).toBeLessThan(0.2 * far(new Float32Array(3072), own(truth)));
    }
    expect(end.lanes()[0]!.remark).toMatch(/^All 3 inputs of lin1 were separated by units that are active for one of them only/);
  });

  it("finds images of its own for the inputs that it separated, and searches the others by the whole update", async () => {
    const { seen, truth } = await observe("mlp:sizes=16", [[0, 1, 2, 3]]);
    const end = (await all(build("peeling:steps=400,refine=20,refineRate=0.01"), seen)).at(-1)!;
    const { remark } = end.lanes()[0]!;
    const separated = Number(/^(\d) of 4 inputs/.exec(remark!)?.[1]);
    expect(separated).toBeGreaterThan(0);
    expect(remark).toMatch(/(The other image was|\d images were) searched by the whole update alone\./);
    const near = [0, 1, 2, 3].filter(
      (b) => far(end.inputs().subarray(b * 3072, (b + 1) * 3072), truth.subarray(b * 3072, (b + 1) * 3072)) < 0.1,
    );
    expect(near.length).toBe(separated);
  });

  it("says that it found nothing where noise mixes all rows", async () => {
    const { seen } = await observe("mlp:sizes=24", [[0, 1]], "gaussian:sigma=0.1");
    const end = (await all(build("peeling:steps=5,refine=0"), seen)).at(-1)!;
    expect(end.lanes()[0]!.remark).toMatch(
      /^None of the 2 inputs of 0 could be separated: 24 units saw several inputs each.* 2 images were searched by nothing/,
    );
  });
});

describe("peeling behind Soteria", () => {
  it("reads columns as pruned if no image explains as features that are 0", async () => {
    const { seen: bare, truth } = await observe("cnn", [[0]]);
    // What Soteria leaves of the gradient: some columns less.
    const [round] = bare.rounds;
    const { shape, data: entries } = round!.updates.get("lin1.weight")!;
    const pruned = { shape, data: entries.map((entry, i) => ((i % shape[2]!) % 5 < 3 ? 0 : entry)) };
    const seen = { ...bare, rounds: [{ ...round!, updates: new Map([...round!.updates, ["lin1.weight", pruned]]) }] };
    const end = (await all(build("peeling:steps=80,refine=40"), seen)).at(-1)!;
    const blind = (await all(build("inverting-gradients:steps=40,tv=4e-4,tvNorm=squared"), seen)).at(-1)!;
    expect(end.lanes()[0]!.remark).toMatch(
      /columns of its gradient are 0, which no image explains as features that are 0: the attack read them as pruned/,
    );
    expect(far(end.inputs(), truth)).toBeLessThan(0.7 * far(new Float32Array(truth.length), truth));
    expect(far(end.inputs(), truth)).toBeLessThan(0.7 * far(blind.inputs(), truth));
    expect([end.step, end.of]).toEqual([200, 200]);
  });

  it("changes nothing where another layer is defended", async () => {
    const bare = (await all(build("peeling:steps=20,refine=0"), (await observe("cnn", [[0]])).seen)).at(-1)!;
    const behind = (await all(build("peeling:steps=20,refine=0"), (await observe("cnn", [[0]], "soteria:prune=80,layer=lin2")).seen)).at(
      -1,
    )!;
    expect([...behind.inputs()]).toEqual([...bare.inputs()]);
  });
});
