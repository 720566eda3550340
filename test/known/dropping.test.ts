import { describe, expect, it } from "vitest";
import { cosine, dropping, layerNorm, type Progress, squaredDistance } from "../../src/adversary/index.ts";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { defenses, type Likelihood, lawOf } from "../../src/defenses/index.ts";
import { constant, Gradients, type NamedNumbers } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { fillUniform, keyFromSeed, split } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { oneHot, simulate } from "../../src/scenario/index.ts";
import { likelihoodOf } from "../laws/likelihood-of.ts";

const shape = [1, 4, 4];
const model = models.build("mlp:sizes=24/20/16,activation=tanh", { shape, classes: 4, normalization: { mean: [0.5], std: [0.25] } });
const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const x = new Float32Array(16);
fillUniform(keyFromSeed(2), x);
x.forEach((u, i) => {
  x[i] = (u - 0.5) / 0.25;
});
const y = oneHot([2], 4);
const held = { lanes: 1, batchSize: 1, x, y };
const sentBehind = (defense: string) =>
  simulate({ client, defense: defenses.build(defense) }, held, split(keyFromSeed(3), 1), { precision: "float64", threads: 1 });
const gradientsOf = (updates: NamedNumbers, change: (name: string, data: Float32Array) => Float32Array = (_, data) => data) =>
  new Gradients(new Map(model.parameters.map((one) => [one.name, constant(change(one.name, updates.get(one.name)!.data), one.shape)])));
const narrow = lawOf(defenses.build("none"));
const assumed: Readonly<Record<string, Likelihood>> = {
  cosine,
  squaredDistance,
  layerNorm: layerNorm(1),
  laplacian: likelihoodOf("laplacian:scale=0.01"),
  gaussian: likelihoodOf("gaussian:sigma=0.01"),
  clipped: likelihoodOf("clip:norm=0.1+gaussian:sigma=0.01"),
  narrow: narrow.kind === "deterministic" ? narrow.narrow(0.01) : cosine,
};

describe.each(Object.entries(assumed))("%s without the pruned tensor", (name, likelihood) => {
  const score = (own: Likelihood, update: Gradients) => {
    const density = own.given(client)({ x: constant(x, [1, ...shape]), y: constant(y, [1, 4]) });
    return evaluate([(density.kernel ?? density.logProb)(update)])[0]!.data[0]!;
  };

  it("is at its best at the truth behind Soteria, and is not before", async () => {
    const behind = name === "clipped" ? "clip:norm=0.1+soteria:prune=60" : "soteria:prune=60";
    const { updates } = await sentBehind(behind);
    expect(Math.abs(score(dropping(likelihood, ["4.weight"]), gradientsOf(updates)))).toBeLessThan(1e-4);
    expect(score(likelihood, gradientsOf(updates))).toBeLessThan(-1e-3);
  });

  it("does not look at the dropped tensor, and looks at the others", async () => {
    const { updates } = await sentBehind("none");
    const moved = (which: string) => gradientsOf(updates, (one, data) => (one === which ? data.map((entry, i) => entry + i) : data));
    const own = dropping(likelihood, ["4.weight"]);
    expect(score(own, moved("4.weight"))).toBe(score(own, gradientsOf(updates)));
    expect(score(own, moved("2.weight"))).not.toBe(score(own, gradientsOf(updates)));
    expect(own.dropped).toEqual(["4.weight"]);
  });
});

it("an attack around another one gets labels as that one does, but for the exact inversion, which reads none", () => {
  const labels = (spec: string) => attacks.build(spec).labels;
  expect(["on-soteria", "on-ats"].map((kind) => labels(`${kind}:attack=(dlg)`))).toEqual(["joint", "joint"]);
  expect(["on-soteria", "on-ats"].map((kind) => labels(`${kind}:attack=(inverting-gradients)`))).toEqual([undefined, undefined]);
  expect(labels("on-precode:attack=(dlg)")).toBeUndefined();
});

describe("the attack on Soteria", () => {
  const attacked = async (layer: string, spec: string) => {
    const received = await sentBehind(`soteria:prune=70,layer=${layer}`);
    const seen = { rounds: [received], lanes: 1, batchSize: 1, labels: y };
    let last: { remark: string; image: number[] } | undefined;
    for await (const progress of attacks
      .build(spec)
      .build({})
      .reconstruct(seen, split(keyFromSeed(5), 1), { threads: 1 }))
      if (progress.step === progress.of) last = { remark: progress.lanes()[0]!.remark!, image: [...progress.inputs()] };
    return last!;
  };

  it.each(["2", "4", "6"])("finds the defended layer %s by what its answers explain, and says why", async (layer) => {
    const { remark, image } = await attacked(layer, "on-soteria:attack=(dlg:steps=120)");
    expect(remark).toContain(`dropped ${layer}.weight. Its answer explains`);
    expect(remark).toMatch(
      /After 100 steps each, what was found missed of the kept tensors .* with \d\.weight dropped; .* with nothing dropped; /,
    );
    expect(remark).toMatch(/ of the \d+ columns of \d\.weight are zero/);
    const error = Math.hypot(...image.map((value, i) => value - x[i]!)) / Math.hypot(...x);
    expect(error).toBeLessThan(0.02);
  });

  it("drops nothing of an update that was not pruned, and answers as the attack inside does", async () => {
    const received = await sentBehind("none");
    const seen = { rounds: [received], lanes: 1, batchSize: 1, labels: y };
    const answers = await Promise.all(
      ["dlg:steps=110", "on-soteria:attack=(dlg:steps=110)"].map(async (spec) => {
        const attack = attacks.build(spec).build({});
        let last: Progress | undefined;
        for await (const progress of attack.reconstruct(seen, split(keyFromSeed(5), 1), { threads: 1 })) last = progress;
        return { image: [...last!.inputs()], remark: last!.lanes()[0]!.remark };
      }),
    );
    const apart = answers[0]!.image.map((value, i) => Math.abs(value - answers[1]!.image[i]!));
    expect(Math.max(...apart)).toBeLessThan(1e-4);
    expect(answers[1]!.remark).toMatch(
      /^The attack dropped nothing\. Its answer explains .* % of the update\. After 100 steps each, .* So no layer was pruned\.$/,
    );
  });

  it("drops what it is told to, any tensors, and names those that exist", async () => {
    const { remark } = await attacked("4", "on-soteria:drop=4.weight/2.bias,attack=(idlg:steps=20)");
    expect(remark).toContain("dropped 4.weight, 2.bias.");
    await expect(attacked("4", "on-soteria:drop=lin2.weight,attack=(idlg:steps=5)")).rejects.toThrow(
      "the update has no tensor lin2.weight to drop; it has 0.weight, 0.bias,",
    );
  });
});

it("Soteria names the dense layers where a layer is none of them", () => {
  const outline = { model, mode: "eval" as const };
  const [step] = defenses.build("soteria:layer=lin1").steps;
  expect(() => step!.check!(outline, 1)).toThrow("layer lin1 is not one of its dense layers, which are 0, 2, 4, 6.");
});
