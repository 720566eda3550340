import { describe, expect, it } from "vitest";
import type { Shape } from "../../src/graph/index.ts";
import { type Model, matchTensors, models } from "../../src/models/index.ts";

const task = (shape: Shape, classes: number) => ({ shape, classes, normalization: { mean: [0], std: [1] } });
const square = models.build("mlp:sizes=6/6/6", task([6], 4));
const normalized = models.build("convnet:width=1", task([3, 9, 9], 4));
const nets = models.build("cnn", task([3, 8, 8], 4));

type Named = Readonly<Record<string, Shape>>;
const file = (shapes: Named) => new Map(Object.entries(shapes).map(([name, shape]) => [name, { shape }]));
/** The tensors of a model under other names, in another order. */
const renamed = ({ parameters, statistics }: Model, name: (own: string, i: number) => string, withStatistics = false) =>
  Object.fromEntries(
    [...parameters, ...(withStatistics ? statistics : [])]
      .map((variable, i) => [name(variable.name, i), variable.shape] as const)
      .reverse(),
  );
/** The name in the file that stands for each variable. */
function match(model: Model, shapes: Named) {
  const tensors = file(shapes);
  const named = new Map([...tensors].map(([name, tensor]) => [tensor, name]));
  const { tensors: matched, note } = matchTensors(model, tensors, "f");
  return { of: Object.fromEntries([...matched].map(([name, tensor]) => [name, named.get(tensor)!])), note };
}
/** Layers of an MLP by other names. */
const layers = (names: readonly string[], model: Model = square) => {
  const own = [...new Set(model.parameters.map(({ name }) => name.slice(0, name.lastIndexOf("."))))];
  return renamed(model, (name) => name.replace(/^.*(?=\.)/, (layer) => names[own.indexOf(layer)]!));
};

describe("names", () => {
  it.each(["module.", "_orig_mod.", "_module.", "model.", "_orig_mod.module.", "client.network.encoder_v2.", "0."])(
    "begin with %s, which says nothing",
    (prefix) => {
      const { of, note } = match(
        square,
        renamed(square, (name) => prefix + name),
      );
      expect(of).toEqual(Object.fromEntries(square.parameters.map(({ name }) => [name, prefix + name])));
      expect(note).toBeUndefined();
    },
  );

  it("have the words of wrappers inside, and .grad behind", () => {
    const wrapped = renamed(normalized, (name) => `model.${name.replace(".", "._orig_mod.")}.grad`);
    expect(match(normalized, wrapped).of["conv3.weight"]).toBe("model.conv3._orig_mod.weight.grad");
  });

  it("that are all there are taken by every shape; a contradiction is not resolved by position", () => {
    const swapped = { ...renamed(nets, (name) => name), "lin1.weight": [4, 100], "lin2.weight": [100, 256] };
    expect(() => match(nets, swapped)).toThrow(/lin1\.weight must have shape \[100, 256\], not \[4, 100\]/);
    expect(() => match(square, { ...renamed(square, (name) => name), more: [1] })).toThrow(/more belongs to no variable/);
    expect(() => match(square, { ...renamed(square, (name) => name), "0.bias": [7] })).toThrow("0.bias must have shape [6], not [7]");
  });

  it("of running statistics are all there or none", () => {
    const whole = renamed(normalized, (name) => `module.${name}`, true);
    expect(Object.keys(match(normalized, whole).of)).toHaveLength(normalized.parameters.length + normalized.statistics.length);
    const { "module.bn2.running_var": _, ...part } = whole;
    expect(() => match(normalized, part)).toThrow(/it has no bn2\.running_var/);
  });
});

describe("names of the file's own", () => {
  it.each([
    [["fc1", "fc2", "fc10", "head"]],
    [["dense", "dense_1", "dense_2", "dense_3"]],
    [["layer_a", "layer_b", "layer_c", "head"]],
    [["body.0", "body.3", "body.11", "classifier"]],
    [["net.block1.lin1", "net.block1.lin2", "net.block2.lin1", "net.out"]],
  ])("%j stand for layers in the order of their numbers", (names) => {
    const { of, note } = match(square, layers(names));
    expect(["0", "2", "4", "6"].map((layer) => of[`${layer}.weight`])).toEqual(names.map((name) => `${name}.weight`));
    expect(["0", "2", "4", "6"].map((layer) => of[`${layer}.bias`])).toEqual(names.map((name) => `${name}.bias`));
    expect(note).toContain(`${names[2]} for 4`);
  });

  it("stand for layers of their shapes, with their running statistics", () => {
    const own = (name: string) => name.replace("conv", "features.").replace("bn", "norms.n").replace("linear", "classifier.1");
    const { of } = match(normalized, renamed(normalized, own, true));
    expect(of).toMatchObject({ "conv7.bias": "features.7.bias", "bn7.running_var": "norms.n7.running_var" });
    expect(of["linear.weight"]).toBe("classifier.1.weight");
  });

  it.each([
    [
      "whose order nobody knows",
      layers(["in", "hidden", "deep", "out"]),
      /nothing says which of \w+ and \w+ comes first \(both have bias \[6\], weight \[6, 6\]\)/,
    ],
    ["that another layer of the model has", layers(["0", "1", "2", "3"]), /2 of the file stands for 4, and the model has another layer 2/],
    ["whose numbers contradict their shapes", layers(["fc2", "fc3", "fc4", "fc1"]), /and their numbers say the opposite order/],
    ["of Keras", renamed(square, (name) => `dense${name.replace("weight", "kernel")}`), /as Keras and Flax name weights.*Transpose/],
    ["without layers", { w: [6, 6], b: [6], v: [4, 6] }, /no layer of the model is like its own/],
    [
      "of one layer too few",
      { "a1.weight": [6, 6], "a1.bias": [6], "a2.weight": [4, 6], "a2.bias": [4] },
      /has 1 layers with .*, where the model has 3/,
    ],
  ])("%s are refused", (_, shapes, sentence) => {
    expect(() => match(square, shapes as Named)).toThrow(sentence);
  });
});

describe("tensors without names", () => {
  it.each(["arr_", "", "param_"])("%s0, %s1, … are taken in the order of their numbers", (word) => {
    const { of, note } = match(
      normalized,
      renamed(normalized, (_, i) => `${word}${i}`),
    );
    expect(of["conv5.weight"]).toBe(`${word}${normalized.parameters.findIndex(({ name }) => name === "conv5.weight")}`);
    expect(note).toMatch(/have no names, and were taken in the order of their numbers/);
  });

  it("have counters among them, which are left out", () => {
    const order: [string, Shape][] = [];
    for (const { name, shape } of normalized.parameters) {
      order.push([name, shape]);
      if (name.startsWith("bn") && name.endsWith("bias"))
        for (const own of ["running_mean", "running_var", "num_batches_tracked"])
          order.push([name.replace("bias", own), own.startsWith("num") ? [] : shape]);
    }
    const { of } = match(normalized, Object.fromEntries(order.map(([, shape], i) => [`arr_${i}`, shape])));
    for (const [place, [name]] of order.entries()) if (!name.includes("num_")) expect(of[name], name).toBe(`arr_${place}`);
    // Counters that became lists of one number, of whatever type, are in the way as well.
    const listed = order.map(([name, shape], i) => [`arr_${i}`, name.includes("num_") ? [1] : shape] as const);
    expect(match(normalized, Object.fromEntries(listed)).of).toEqual(of);
    const off = listed.map(([name, shape]) => [name, name === "arr_6" ? [2] : shape] as const);
    expect(() => match(normalized, Object.fromEntries(off))).toThrow("arr_6 stands for a counter of batches and has shape [2]");
  });

  it("must be as many as the model's, each of its shape", () => {
    expect(() => match(square, { arr_0: [6, 6], arr_1: [6] })).toThrow("it has 2 tensors without names, and the model has 8");
    const off = renamed(square, (_, i) => `arr_${i}`);
    expect(() => match(square, { ...off, arr_2: [6], arr_3: [6, 6] })).toThrow(/arr_2, which stands for 2\.weight, must have shape/);
  });
});

describe("a wrong flag", () => {
  const file = (shape: Shape, classes: number, name: (own: string, i: number) => string) =>
    renamed(models.build("cnn", task(shape, classes)), name);
  it.each([
    ["by name", (name: string) => name],
    ["by number", (_: string, i: number) => `arr_${i}`],
    ["by layer", (name: string) => `net.${name.replace("lin2", "head")}`],
  ] as const)("is named where the file has other classes or inputs, %s", (_, name) => {
    expect(() => match(nets, file([3, 8, 8], 7, name))).toThrow(
      /It is of a network with 7 classes, and this one has 4: state --classes 7\./,
    );
    expect(() => match(nets, file([1, 8, 8], 4, name))).toThrow(
      /takes 1 channel, and an input of shape \[3, 8, 8\] has 3: state its inputs with --input-shape/,
    );
  });
});
