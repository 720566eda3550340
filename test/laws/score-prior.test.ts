import { describe, expect, it } from "vitest";
import { algorithm1, assuming, type Observations, type Search } from "../../src/adversary/index.ts";
import { type Batch, fedSgd } from "../../src/client/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { constant, grad, input, type Tensor } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { adam, constantRate, lbfgs } from "../../src/optimizers/index.ts";
import { climbed, densityOf, type Prior, priors, product, scoreOf } from "../../src/priors/index.ts";
import { weighted } from "../../src/priors/weighted.ts";
import { Key, keyFromSeed, split } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { simulate } from "../../src/scenario/index.ts";
import { numbers } from "./evidence.ts";
import { likelihoodOf } from "./likelihood-of.ts";

const model = models.build("mlp:sizes=6,activation=sigmoid", { shape: [5], classes: 3, normalization: { mean: [0], std: [1] } });
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });

/** log p(x) = −Σ |x − 0.3|⁴, and the same prior as one who knows only its slope has it. */
const density: Prior = { density: () => ({ logProb: ({ x }) => x.sub(0.3).square().square().sum().neg() }) };
const score: Prior = {
  score:
    () =>
    ({ x }) =>
      x.sub(0.3).square().mul(x.sub(0.3)).mul(-4),
};
const l2 = priors.build("l2:weight=3,reduction=sum");

const batch: Batch = { x: input("x", [2, 5]), y: constant([1, 0, 0, 0, 1, 0], [2, 3]) };
const at = (tensor: Tensor) => [...evaluate([tensor], { x: numbers(10, 2) })[0]!.data];
const close = (a: readonly number[], b: readonly number[]) => {
  expect(a.length).toBe(b.length);
  a.forEach((entry, i) => {
    expect(entry).toBeCloseTo(b[i]!, 12);
  });
};

describe("a prior that has only a score", () => {
  it("is climbed along it, has the value 0, and no density", () => {
    const value = climbed(score, one)(batch);
    expect(at(value)).toEqual([0]);
    close(at(grad(value, [batch.x])[0]!), at(score.score!(one)(batch)));
    close(at(scoreOf(density, one)(batch)), at(scoreOf(score, one)(batch)));
    expect(() => densityOf(score, one)).toThrow("This prior has only a score, ∇ log p(x), and no density");
  });

  it("adds up with densities in a product, and is weighted", () => {
    const both = product([score, l2]);
    expect(both.density).toBeUndefined();
    const expected = at(scoreOf(score, one)(batch)).map((entry, i) => entry + at(scoreOf(l2, one)(batch))[i]!);
    close(at(scoreOf(both, one)(batch)), expected);
    close(at(scoreOf(product([l2, score]), one)(batch)), expected);
    close(at(scoreOf(product([density, l2]), one)(batch)), expected);
    expect(product([density, l2]).score).toBeUndefined();
  });

  it("is weighted by a factor, as a density is", () => {
    // A catalogue with one prior, so that `weighted` finds it.
    const only = (prior: Prior) => ({ ...priors, build: () => prior }) as unknown as typeof priors;
    for (const prior of [score, density]) {
      const half = weighted(() => only(prior)).build({ prior: priors.parse("uniform"), weight: 0.5 });
      close(
        at(scoreOf(half, one)(batch)),
        at(scoreOf(score, one)(batch)).map((entry) => 0.5 * entry),
      );
      expect(half.score === undefined).toBe(prior === density);
    }
  });

  it("moves a step of Algorithm 1 as the density does, in a ball too", () => {
    const x = input("x", [10]);
    const joint = (prior: Prior) => (point: Tensor) => ({
      likelihood: point.mul(constant(numbers(10, 7))).sum(),
      prior: climbed(prior, one)({ ...batch, x: point.reshape([2, 5]) }),
    });
    const ball = {
      samples: 4,
      rows: 2,
      halfAxes: constant(new Float64Array(5).fill(0.5)),
      points: "independent",
      rest: 0,
      mean: (logs: Tensor) => logs.mean(),
    } as const;
    for (const around of [undefined, ball]) {
      const step = (prior: Prior) =>
        algorithm1(joint(prior), adam(), around)({ x, key: Key.input("key"), rate: constant(0.1) }, adam().init(10));
      const [byScore, byDensity] = [step(score), step(density)].map(({ point, state }) =>
        evaluate([point, state.m!, state.v!], { x: numbers(10, 2), key: keyFromSeed(5) }).map(({ data }) => [...data]),
      );
      byScore!.forEach((own, i) => {
        close(own, byDensity![i]!);
      });
    }
  });
});

describe("an attack with such a prior", () => {
  const search: Search = {
    optimizer: adam(),
    steps: 20,
    rate: constantRate(0.1),
    start: "normal",
    box: false,
    restarts: 2,
    // A prior with only a score has no objective to choose by.
    choose: "likelihood",
    result: "last",
  };
  const law = likelihoodOf("gaussian:sigma=0.3");
  const attackWith = (prior: Prior, own = search) => assuming({ likelihood: law, prior }, own, { prior: "a test's" });
  const observe = async (): Promise<Observations> => {
    const held = { lanes: 2, batchSize: 1, x: Float32Array.from(numbers(10, 2)), y: Float32Array.of(1, 0, 0, 0, 1, 0) };
    const scenario = { client: one, defense: defenses.build("gaussian:sigma=0.3") };
    const received = await simulate(scenario, held, split(keyFromSeed(6), 2), { threads: 1 });
    return { rounds: [received], lanes: 2, batchSize: 1, labels: held.y };
  };
  const ends = async (prior: Prior) => {
    const seen = await observe();
    const attack = attackWith(prior);
    attack.check!(seen);
    let inputs = new Float32Array();
    for await (const progress of attack.reconstruct(seen, split(keyFromSeed(8), 2), { precision: "float64" }))
      inputs = Float32Array.from(progress.inputs());
    return [...inputs];
  };

  it("is after 20 steps of Adam where it is with the density", async () => {
    const [byScore, byDensity, none] = [await ends(score), await ends(density), await ends(priors.build("uniform"))];
    byScore.forEach((entry, i) => {
      expect(Math.abs(entry - byDensity[i]!)).toBeLessThan(1e-6);
    });
    // The prior makes a difference.
    expect(byScore.some((entry, i) => Math.abs(entry - none[i]!) > 0.05)).toBe(true);
  });

  it("is after 20 steps in a product with a density where it is with both densities", async () => {
    const [mixed, whole] = [await ends(product([score, l2])), await ends(product([density, l2]))];
    mixed.forEach((entry, i) => {
      expect(Math.abs(entry - whole[i]!)).toBeLessThan(1e-6);
    });
  });

  it("is refused by a search that compares values", async () => {
    const byLbfgs = { ...search, optimizer: lbfgs() };
    const seen = await observe();
    const refusal = "This prior has only a score and no values, and the search's optimizer compares values; use an optimizer such as adam.";
    expect(() => attackWith(score, byLbfgs).check!(seen)).toThrow(refusal);
    expect(() => attackWith(product([score, l2]), byLbfgs).check!(seen)).toThrow(refusal);
    expect(() => attackWith(density, byLbfgs).check!(seen)).not.toThrow();
    expect(() => attackWith(score).check!(seen)).not.toThrow();
  });
});
