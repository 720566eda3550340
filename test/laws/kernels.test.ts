import { describe, expect, it } from "vitest";
import { fedSgd } from "../../src/client/index.ts";
import { defenses, send } from "../../src/defenses/index.ts";
import { kernelOf } from "../../src/distributions/index.ts";
import { constant, Gradients, input, type Tensor } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { densityOf, priors } from "../../src/priors/index.ts";
import { fillNormal, foldIn, Key, keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { likelihoodOf } from "./likelihood-of.ts";

const model = models.build("mlp:sizes=5,activation=sigmoid", { shape: [4], classes: 3, normalization: { mean: [0], std: [1] } });
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const batch = { x: input("x", [2, 4]), y: constant([0, 1, 0, 1, 0, 0], [2, 3]) };
const points = Array.from({ length: 4 }, (_, i) => {
  const x = new Float32Array(8);
  fillNormal(foldIn(keyFromSeed(2), i), x);
  return { x: Float64Array.from(x) };
});

/** Values at several batches of −log p and of its kernel. */
const both = (density: { readonly logProb: Tensor; readonly kernel: Tensor }) =>
  points.map((x) => {
    const [logProb, kernel] = evaluate([density.logProb, density.kernel], x).map(({ data }) => data[0]!) as [number, number];
    return { logProb, kernel };
  });
const spread = (numbers: readonly number[]) => Math.max(...numbers) - Math.min(...numbers);

describe("what a search maximizes is the logarithm of the density up to a constant: the law", () => {
  it.each([
    "gaussian:sigma=0.02",
    "gaussian:sigma=0.02,per=example",
    "laplacian:scale=0.02",
    "laplacian:scale=0.02,per=example",
    "clip:norm=0.5+gaussian:sigma=0.02",
    "dp-sgd:multiplier=0.02",
    "mask+laplacian:scale=0.02",
    "laplacian:scale=0.02+mask",
    "gaussian:sigma=0.02+mask:published=false,keep=0.7",
    "mask:published=false,keep=0.3+laplacian:scale=0.02",
    "gaussian:sigma=0.02+mask:published=false,keep=0.6+gaussian:sigma=0.5",
  ])("%s", (kind) => {
    const defense = defenses.build(kind);
    // What a client sends of one batch, scored at others.
    const sent = send(defense, one)({ x: constant([0.3, -1, 0.4, 0.2, 0.1, 0.9, -0.3, -0.8], [2, 4]), y: batch.y }, Key.input("key"));
    const values = evaluate([...sent.update.tensors.values(), ...Object.values(sent.published)], { key: keyFromSeed(7) });
    const fixed = [...sent.update.tensors.keys(), ...Object.keys(sent.published)].map(
      (name, i) => [name, constant(values[i]!.data, values[i]!.shape)] as const,
    );
    const update = new Gradients(new Map(fixed.slice(0, sent.update.names.length)));
    const published = Object.fromEntries(fixed.slice(sent.update.names.length));
    const density = likelihoodOf(kind).given(one)(batch, published);
    const scores = both({ logProb: density.logProb(update), kernel: kernelOf(density, update) });
    expect(spread(scores.map(({ logProb }) => logProb))).toBeGreaterThan(0.1);
    const constants = scores.map(({ logProb, kernel }) => logProb - kernel);
    expect(spread(constants)).toBeLessThan(1e-9 * Math.max(...scores.map(({ logProb }) => Math.abs(logProb))));
    // There was a constant to leave out.
    expect(Math.abs(constants[0]!)).toBeGreaterThan(5);
  });
});

describe("and the prior", () => {
  it.each([
    ["gaussian:sigma=0.1", 10],
    ["laplacian:scale=0.1", 10],
    ["gaussian:sigma=0.1+laplacian:scale=0.1", 20],
    ["weighted:prior=(gaussian:sigma=0.1),weight=2", 20],
  ])("%s", (kind, least) => {
    const density = densityOf(priors.build(kind), one);
    const scores = both({ logProb: density.logProb(batch), kernel: kernelOf(density, batch) });
    expect(spread(scores.map(({ logProb }) => logProb))).toBeGreaterThan(1);
    const constants = scores.map(({ logProb, kernel }) => logProb - kernel);
    expect(spread(constants)).toBeLessThan(1e-9);
    expect(constants[0]).toBeGreaterThan(least);
  });
});
