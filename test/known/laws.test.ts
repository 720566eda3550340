import { describe, expect, it } from "vitest";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { defenses, gaussianLikelihood, laplacianLikelihood, lawOf, requireFit, send } from "../../src/defenses/index.ts";
import { constant, Gradients, grad, input, simplify, type Tensor, topological } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { fillNormal, fillUniform, foldIn, Key, keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { requireScenario, type Scenario } from "../../src/scenario/index.ts";
import { likelihoodOf } from "../laws/likelihood-of.ts";

const model = models.build("mlp:sizes=5,activation=sigmoid", { shape: [1, 2, 3], classes: 3, normalization: { mean: [0], std: [1] } });
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const x = [0.3, -0.2, 0.9, 0.5, 1.1, -0.4, 0.1, 0.7, -0.8, 0.2, 0.6, -1.3];
const batch = (size: number) => ({ x: input("x", [size, 1, 2, 3]), y: constant([0, 1, 0, 1, 0, 0].slice(0, 3 * size), [size, 3]) });
const numbers = (gradients: Gradients, feeds: Record<string, readonly number[]>) =>
  evaluate([...gradients.tensors.values()], feeds).map(({ data }) => [...data]);
const values = (size: number) => numbers(one.update(batch(size)), { x: x.slice(0, 6 * size) });

/** An update near the truth, and one mask, by parameter. */
const noise = values(1).map((entries, i) => {
  const out = new Float64Array(entries.length);
  fillNormal(foldIn(keyFromSeed(5), i), out);
  return [...out].map((z) => 0.1 * z);
});
const masks = values(1).map((entries, i) => {
  const out = new Float64Array(entries.length);
  fillUniform(foldIn(keyFromSeed(6), i), out);
  return [...out].map((u) => Number(u < 0.5));
});
const asGradients = (data: readonly (readonly number[])[]) =>
  new Gradients(new Map(model.parameters.map(({ name, shape }, i) => [name, constant(data[i]!, shape)])));
const logProb = (spec: string, size: number, update: readonly (readonly number[])[], published: Record<string, Tensor> = {}) =>
  evaluate([likelihoodOf(spec).given(one)(batch(size), published).logProb(asGradients(update))], { x: x.slice(0, 6 * size) })[0]!.data[0]!;

const normalLog = (d: number, sigma: number) => -(d ** 2) / (2 * sigma ** 2) - Math.log(sigma * Math.sqrt(2 * Math.PI));
const laplaceLog = (d: number, b: number) => -Math.abs(d) / b - Math.log(2 * b);
/** Σ over entries of a function of the update's entry, the gradient's and the mask's. */
const total = (size: number, update: readonly (readonly number[])[], log: (g: number, truth: number, mask: number) => number) =>
  values(size).reduce((sum, entries, i) => sum + entries.reduce((s, truth, j) => s + log(update[i]![j]!, truth, masks[i]![j]!), 0), 0);
const noisy = (size: number, masked = false) =>
  values(size).map((entries, i) => entries.map((truth, j) => (masked ? masks[i]![j]! : 1) * truth + noise[i]![j]!));
const publishedAs = (place: number) =>
  Object.fromEntries(model.parameters.map(({ name, shape }, i) => [`mask${place}.${name}`, constant(masks[i]!, shape)]));

describe("log p(g | x) with its constants, entry by entry", () => {
  it("noise on the update, and on each of two examples", () => {
    const g = noisy(2);
    const expected: [string, (d: number) => number][] = [
      ["gaussian:sigma=0.2", (d) => normalLog(d, 0.2)],
      ["gaussian:sigma=0.2,per=example", (d) => normalLog(d, 0.2 / Math.SQRT2)],
      ["gaussian:sigma=0.2,per=example+gaussian:sigma=0.3", (d) => normalLog(d, Math.sqrt(0.02 + 0.09))],
      ["laplacian:scale=0.2", (d) => laplaceLog(d, 0.2)],
      // The mean of two draws: e^−z (1 + z) / 4c with z = |d| / c, c = b / 2.
      ["laplacian:scale=0.2,per=example", (d) => -Math.abs(d) / 0.1 + Math.log1p(Math.abs(d) / 0.1) - Math.log(0.4)],
      ["laplacian:scale=0.1+laplacian:scale=0.1", (d) => -Math.abs(d) / 0.1 + Math.log1p(Math.abs(d) / 0.1) - Math.log(0.4)],
    ];
    for (const [spec, log] of expected)
      expect(logProb(spec, 2, g), spec).toBeCloseTo(
        total(2, g, (a, b) => log(a - b)),
        8,
      );
  });

  it("a published mask before noise, and after it", () => {
    const before = noisy(1, true);
    expect(logProb("mask+gaussian:sigma=0.2", 1, before, publishedAs(0))).toBeCloseTo(
      total(1, before, (g, t, m) => normalLog(g - m * t, 0.2)),
      8,
    );
    expect(logProb("mask+laplacian:scale=0.2", 1, before, publishedAs(0))).toBeCloseTo(
      total(1, before, (g, t, m) => laplaceLog(g - m * t, 0.2)),
      8,
    );
    const after = noisy(1).map((entries, i) => entries.map((entry, j) => entry * masks[i]![j]!));
    expect(logProb("gaussian:sigma=0.2+mask", 1, after, publishedAs(1))).toBeCloseTo(
      total(1, after, (g, t, m) => (m ? normalLog(g - t, 0.2) : 0)),
      8,
    );
    const twice = after.map((entries, i) => entries.map((entry, j) => entry + noise[i]![j]! / 2));
    expect(logProb("gaussian:sigma=0.2+mask+gaussian:sigma=0.1", 1, twice, publishedAs(1))).toBeCloseTo(
      total(1, twice, (g, t, m) => (m ? normalLog(g - t, Math.sqrt(0.05)) : normalLog(g, 0.1))),
      8,
    );
  });

  it("a mask that nobody is told: two components, or a mass at 0", () => {
    const g = noisy(1, true);
    const mixed = (log: (d: number, s: number) => number) =>
      total(1, g, (entry, t) => Math.log(0.3 * Math.exp(log(entry - t, 0.2)) + 0.7 * Math.exp(log(entry, 0.2))));
    expect(logProb("mask:keep=0.3,published=false+gaussian:sigma=0.2", 1, g)).toBeCloseTo(mixed(normalLog), 8);
    expect(logProb("mask:keep=0.3,published=false+laplacian:scale=0.2", 1, g)).toBeCloseTo(mixed(laplaceLog), 8);
    const after = noisy(1).map((entries, i) => entries.map((entry, j) => entry * masks[i]![j]!));
    expect(logProb("gaussian:sigma=0.2+mask:keep=0.3,published=false", 1, after)).toBeCloseTo(
      total(1, after, (entry, t, m) => (m ? Math.log(0.3) + normalLog(entry - t, 0.2) : Math.log(0.7))),
      8,
    );
  });

  it("clipping, of the update and of each example", () => {
    const norm = (all: readonly (readonly number[])[]) => Math.hypot(...all.flat());
    const shorter = (all: readonly (readonly number[])[], limit: number) => {
      const factor = Math.min(1, limit / norm(all));
      return all.map((entries) => entries.map((entry) => factor * entry));
    };
    const g = noisy(2);
    const sum = (center: readonly (readonly number[])[], sigma: number) =>
      g.reduce((s, entries, i) => s + entries.reduce((r, entry, j) => r + normalLog(entry - center[i]![j]!, sigma), 0), 0);
    for (const limit of [0.1, 100, Infinity]) {
      if (limit < Infinity)
        expect(logProb(`clip:norm=${limit}+gaussian:sigma=0.2`, 2, g)).toBeCloseTo(sum(shorter(values(2), limit), 0.2), 8);
      const own = [0, 1].map((i) =>
        shorter(
          numbers(one.update({ x: constant(x.slice(6 * i, 6 * i + 6), [1, 1, 2, 3]), y: constant(i ? [1, 0, 0] : [0, 1, 0], [1, 3]) }), {}),
          limit,
        ),
      );
      const mean = own[0]!.map((entries, i) => entries.map((entry, j) => (entry + own[1]![i]![j]!) / 2));
      expect(logProb(`dp-sgd:norm=${limit},multiplier=0.7`, 2, g)).toBeCloseTo(sum(mean, (0.7 * (limit < Infinity ? limit : 1)) / 2), 8);
    }
    expect(defenses.parse({ kind: "dp-sgd", norm: Infinity })).toEqual(defenses.parse("dp-sgd:norm=Infinity"));
  });
});

describe("what is sent", () => {
  /** The variance of all entries over many draws. */
  it("has the variance of B examples that each add their own noise", () => {
    for (const [spec, variance] of [
      ["gaussian:sigma=0.3,per=example", 0.09 / 2],
      ["laplacian:scale=0.3,per=example", (2 * 0.09) / 2],
      ["dp-sgd:norm=1e-9,multiplier=3e8", 0.09 / 4],
    ] as const) {
      const { update } = send(defenses.build(spec), one)(batch(2), Key.input("key"));
      let [sum, count] = [0, 0];
      for (let seed = 0; seed < 200; seed++) {
        const truth = spec.startsWith("dp") ? values(2).map((entries) => entries.map(() => 0)) : values(2);
        numbers(update, { x: x.slice(0, 12), key: [...keyFromSeed(seed)] }).forEach((entries, i) => {
          entries.forEach((entry, j) => {
            sum += (entry - truth[i]![j]!) ** 2;
            count++;
          });
        });
      }
      // Squares of Laplacian means have a kurtosis of at most 6.
      expect(Math.abs(sum / count / variance - 1), spec).toBeLessThan(4 * Math.sqrt(5 / count));
    }
  });

  it("by DP-SGD is, where no gradient is long and noise is small, the mean gradient", () => {
    const { update } = send(defenses.build("dp-sgd:norm=1000,multiplier=1e-12"), one)(batch(2), Key.input("key"));
    numbers(update, { x: x.slice(0, 12), key: [...keyFromSeed(1)] }).forEach((entries, i) => {
      entries.forEach((entry, j) => {
        expect(entry).toBeCloseTo(values(2)[i]![j]!, 7);
      });
    });
  });
});

describe("derivatives in x", () => {
  it.each([
    "clip:norm=0.1+gaussian",
    "dp-sgd:norm=0.1",
    "clip:norm=0.1+laplacian",
    "mask:published=false+gaussian",
    "laplacian:per=example",
  ])("of %s go through all that depends on x, the clip factor too", (spec) => {
    const given = batch(2);
    const law = likelihoodOf(spec)
      .given(one)(given)
      .logProb(asGradients(noisy(2)));
    const [slope] = grad(law, [given.x]);
    const at = (moved: readonly number[]) => evaluate([law], { x: moved })[0]!.data[0]!;
    const own = evaluate([slope!], { x: x.slice(0, 12) })[0]!.data;
    for (const i of [0, 4, 7, 11]) {
      const h = 1e-5;
      const shifted = (t: number) => x.slice(0, 12).map((entry, j) => entry + (i === j ? t : 0));
      expect(Math.abs(own[i]! - (at(shifted(h)) - at(shifted(-h))) / (2 * h))).toBeLessThan(1e-6 * (1 + Math.abs(own[i]!)));
    }
  });

  it("are finite where the gradient is zero", () => {
    const flat = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)), loss: (logits) => logits.mul(0).sum() });
    const given = batch(1);
    for (const spec of ["clip+gaussian", "dp-sgd"]) {
      const law = likelihoodOf(spec)
        .given(flat)(given)
        .logProb(asGradients(noisy(1)));
      const [value, slope] = evaluate([law, grad(law, [given.x])[0]!], { x: x.slice(0, 6) });
      expect([...value!.data, ...slope!.data].every(Number.isFinite), spec).toBe(true);
    }
  });
});

describe("Gaussian noise is compared through factors", () => {
  const wide = models.build("mlp:sizes=64", { shape: [1, 16, 16], classes: 10, normalization: { mean: [0], std: [1] } });
  const client64 = fedSgd({ model: wide, weights: initialWeights(wide, keyFromSeed(1)) });
  const update = new Gradients(new Map(wide.parameters.map(({ name, shape }) => [name, input(`g.${name}`, shape)])));
  const largest = (spec: string) => {
    const given = { x: input("x", [1, 1, 16, 16]), y: input("y", [1, 10]) };
    const law = likelihoodOf(spec).given(client64)(given).logProb(update);
    return Math.max(
      ...topological(simplify([law]))
        .filter(({ inputs }) => inputs.some(({ kind }) => kind !== "input" && kind !== "constant"))
        .map(({ size }) => size),
    );
  };

  it("by itself, per example, and added to more of it; the large matrix is never built", () => {
    for (const spec of ["gaussian", "gaussian:per=example", "gaussian+gaussian:sigma=0.2", "none+gaussian"]) {
      expect(likelihoodOf(spec).cancels, spec).toBe(true);
      expect(largest(spec), spec).toBeLessThan(64 * 256);
    }
    for (const spec of ["laplacian", "mask:published=false+gaussian", "clip+gaussian"]) {
      expect(likelihoodOf(spec).cancels, spec).toBe(false);
      expect(largest(spec), spec).toBe(64 * 256);
    }
  });

  it("is what the exported laws are", () => {
    expect(gaussianLikelihood(0.3).name).toBe(likelihoodOf("gaussian:sigma=0.3").name);
    expect(laplacianLikelihood(0.3, "example").name).toBe(likelihoodOf("laplacian:scale=0.3,per=example").name);
  });
});

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
};

describe("nobody knows the law, for a reason that is said, of", () => {
  it.each([
    ["gaussian+clip", /^clip at norm 1 follows gaussian with sigma 0\.1, and what it makes of noise has no density in closed form$/],
    ["mask:published=false+clip", /^clip at norm 1 follows mask keeping 0\.5, not published, and depends on the entries that were kept$/],
    ["gaussian+laplacian", /^laplacian with scale 0\.1 follows gaussian with sigma 0\.1, and the density of their sum is known only for/],
    ["laplacian:scale=1+laplacian:scale=2", /^laplacian with scale 2 follows laplacian with scale 1, and .* of one scale$/],
    ["mask:redraw=never,published=false+gaussian", /^gaussian .* follows mask .*, and such a mask ties all updates of a client together/],
    // What follows cannot make it known again.
    ["gaussian+clip+gaussian", /^clip at norm 1 follows gaussian with sigma 0\.1/],
  ])("%s, which can be sent", (spec, reason) => {
    const defense = defenses.build(spec);
    const law = lawOf(defense);
    if (law.kind !== "unknown") throw new Error(`its law is ${law.kind}`);
    expect(law.reason).toMatch(reason);
    const { update } = send(defense, one)(batch(1), Key.input("key"));
    expect(
      numbers(update, { x: x.slice(0, 6), key: [...keyFromSeed(1)] })
        .flat()
        .every(Number.isFinite),
    ).toBe(true);
  });
});

describe("refuses with the reason", () => {
  it.each([
    ["clip+gaussian:per=example", /gaussian with sigma 0.1 an example cannot follow clip at norm 1: the gradients of single examples/],
    ["dp-sgd+laplacian:per=example", /an example cannot follow clip of each example at norm 1/],
    ["gaussian+dp-sgd", /dp-sgd cannot follow gaussian with sigma 0.1: .*put it first/],
    ["gaussian:sigma=0", /sigma must be a number > 0; got 0/],
    ["gaussian:sigma=-1", /sigma must be a number > 0; got -1/],
    ["laplacian:scale=0", /scale must be a number > 0; got 0/],
    ["mask:keep=0", /keep must be a number > 0 and <= 1; got 0/],
    ["mask:keep=1.5", /keep must be a number > 0 and <= 1; got 1.5/],
    ["clip:norm=0", /norm must be a number > 0; got 0/],
    ["dp-sgd:multiplier=0", /multiplier must be a number > 0; got 0/],
  ])("%s", (spec, message) => {
    expect(refusal(() => lawOf(defenses.build(spec)))).toMatch(message);
  });

  it("a chain that cannot act, in a scenario that was made by hand too", () => {
    const attack = { name: "cosine", ...attacks.build("inverting-gradients").build({}) };
    const scenario = (defense: string): Scenario => ({
      network: "mlp",
      client: one,
      batchSize: 1,
      defense: { name: defense, ...defenses.build(defense) },
      attacks: [attack],
      labels: "known",
      score: { delta: 1, deltaSpace: "pixel" },
    });
    expect(refusal(() => requireScenario(scenario("clip+gaussian:per=example")))).toMatch(/cannot follow clip at norm 1/);
    expect(() => requireScenario(scenario("gaussian+clip"))).not.toThrow();
  });

  it("what does not fit the client or its batch", () => {
    const defense = defenses.build("mask:per=example+gaussian");
    const message = /mask with per=example does not fit a batch of 2: .*2\^2 possible values/;
    expect(refusal(() => requireFit(defense, one, 2))).toMatch(message);
    expect(refusal(() => send(defense, one)(batch(2), Key.input("key")))).toMatch(message);
    expect(refusal(() => likelihoodOf("mask:per=example+gaussian").given(one)(batch(2)))).toMatch(message);
    expect(() => requireFit(defense, one, 1)).not.toThrow();
    const normalized = models.build("convnet:width=4", {
      shape: [3, 32, 32],
      classes: 10,
      normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
    });
    const dpSgd = defenses.build("dp-sgd");
    const both = /dp-sgd does not fit a network with batch normalization in train mode/;
    expect(refusal(() => requireFit(dpSgd, { model: normalized, mode: "train" }, 1))).toMatch(both);
    expect(() => requireFit(dpSgd, { model: normalized, mode: "eval" }, 1)).not.toThrow();
    expect(() => requireFit(dpSgd, { model, mode: "train" }, 1)).not.toThrow();
  });

  it("a law that needs a mask which the client did not publish", () => {
    expect(refusal(() => likelihoodOf("mask+gaussian").given(one)(batch(1)))).toMatch(
      /needs the mask, and the client did not publish one as mask0\./,
    );
  });
});
