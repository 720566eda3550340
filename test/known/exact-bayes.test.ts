import { describe, expect, it } from "vitest";
import type { Attack, Observations, Progress } from "../../src/adversary/index.ts";
import { attacks } from "../../src/attacks/index.ts";
import { type Candidate, exactBayes } from "../../src/audit/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { defenses, type Likelihood, lawOf } from "../../src/defenses/index.ts";
import { constant } from "../../src/graph/index.ts";
import { bootstrapMean, distance, type Interval, tango } from "../../src/metrics/index.ts";
import { initialWeights, models, toModelSpace, toPixelSpace } from "../../src/models/index.ts";
import { uniform } from "../../src/priors/index.ts";
import { fillBernoulli, keyFromSeed, randomBits, split } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { concatenate, oneHot, piece, simulate } from "../../src/scenario/index.ts";
import { likelihoodOf } from "../laws/likelihood-of.ts";

const normalization = { mean: [0.4], std: [0.5] };
const model = models.build("mlp:sizes=12,activation=sigmoid", { shape: [1, 2, 2], classes: 4, normalization });
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const names = model.parameters.map(({ name }) => name);
const delta = 0.2;

/**
 * A grid that fills the box: neighbors are 0.41 apart, so that an attack without the prior has a
 * chance to end near the right one.
 */
const levels = [0.09, 0.5, 0.91];
const candidates: readonly Candidate[] = Array.from({ length: 81 }, (_, k) => ({
  image: Float32Array.from({ length: 4 }, (_, i) => levels[Math.floor(k / 3 ** i) % 3]!),
  label: (k * 7) % 4,
  weight: k % 3 ? 1 : 3,
}));

/** Candidates drawn by their weights. */
function drawn(count: number, seed: number): number[] {
  const tickets = candidates.flatMap(({ weight }, k) => Array.from({ length: weight! }, () => k));
  return Array.from(randomBits(keyFromSeed(seed), count), (word) => tickets[word % tickets.length]!);
}

async function observe(defense: string, truths: readonly number[], seed: number): Promise<Observations> {
  const lanes = truths.length;
  const x = concatenate(truths.map((k) => toModelSpace(candidates[k]!.image, normalization)));
  const labels = oneHot(
    truths.map((k) => candidates[k]!.label),
    model.classes,
  );
  const scenario = { client: one, defense: defenses.build(defense) };
  const keys = split(keyFromSeed(seed), lanes);
  const received = await simulate(scenario, { lanes, batchSize: 1, x, y: labels }, keys, { threads: 1 });
  return { rounds: [received], lanes, batchSize: 1, labels };
}

const { labels: _, ...unlabeled } = await observe("gaussian:sigma=0.3", drawn(1, 0), 0);

/** Gradients of all candidates in float64, by parameter. */
const gradients = candidates.map(({ image, label }) => {
  const all = one.update({
    x: constant(toModelSpace(image, normalization), [1, 1, 2, 2]),
    y: constant(oneHot([label], 4), [1, 4]),
  });
  return evaluate(names.map((name) => all.entries(name))).map(({ data }) => data);
});

/**
 * The posterior by its definition: weights times densities over their sum, with log densities that
 * are a sum over entries.
 */
function bruteForce(seen: Observations, lane: number, entry: (difference: number, parameter: number, i: number) => number): number[] {
  const known = seen.labels ? [...piece(seen.labels, lane, seen.lanes)].indexOf(1) : undefined;
  const logs = gradients.map((own, k) => {
    if (known !== undefined && candidates[k]!.label !== known) return -Infinity;
    const terms = names.flatMap((name, p) =>
      [...piece(seen.rounds[0]!.updates.get(name)!.data, lane, seen.lanes)].map((g, i) => entry(g - own[p]![i]!, p, i)),
    );
    return Math.log(candidates[k]!.weight!) + terms.reduce((sum, term) => sum + term, 0);
  });
  const top = Math.max(...logs);
  const masses = logs.map((log) => Math.exp(log - top));
  const all = masses.reduce((sum, mass) => sum + mass, 0);
  return masses.map((mass) => mass / all);
}

const silent: Likelihood = { name: "silent", cancels: false, entries: false, given: () => () => ({ logProb: () => constant(0) }) };
const laws: readonly (readonly [string, (difference: number) => number])[] = [
  ["gaussian:sigma=0.3", (d) => (-d * d) / (2 * 0.3 ** 2)],
  ["laplacian:scale=0.25", (d) => -Math.abs(d) / 0.25],
];

describe("the posterior equals brute force in float64", () => {
  it.each(laws)("%s, labels known and not", async (defense, entry) => {
    const likelihood = likelihoodOf(defense);
    const told = await observe(defense, drawn(20, 3), 4);
    const { labels: _, ...untold } = told;
    const risks: number[] = [];
    for (const seen of [told, untold]) {
      const exact = await exactBayes(seen, likelihood, { candidates, delta }, { precision: "float64" });
      const fast = await exactBayes(seen, likelihood, { candidates, delta }, { threads: 1 });
      exact.forEach(({ posterior, candidate, risk }, lane) => {
        const expected = bruteForce(seen, lane, entry);
        expected.forEach((mass, k) => {
          expect(Math.abs(posterior[k]! - mass)).toBeLessThan(1e-9);
          expect(Math.abs(fast[lane]!.posterior[k]! - mass)).toBeLessThan(1e-3);
        });
        expect(candidate).toBe(expected.indexOf(Math.max(...expected)));
        expect(risk).toBeCloseTo(1 - Math.max(...expected), 9);
      });
      risks.push(exact.reduce((sum, { risk }) => sum + risk, 0));
    }
    // A label that is known rules candidates out.
    expect(risks[0]).toBeLessThan(risks[1]!);
  });

  it("with what the defense publishes, each update its own", async () => {
    const seen = await observe("gaussian:sigma=0.3", drawn(6, 5), 6);
    const size = 12 * 4;
    const mask = new Float32Array(6 * size);
    fillBernoulli(0.2)(keyFromSeed(7), mask);
    const published = new Map([["mask", { shape: [6, 12, 4], data: mask }]]);
    /** Only the masked entries of the first layer tell anything. */
    const masked: Likelihood = {
      name: "masked",
      cancels: false,
      entries: false,
      given: (own) => (batch, published) => ({
        logProb: (update) =>
          update.entries("0.weight").sub(own.update(batch).entries("0.weight")).square().mul(published!.mask!).sum().mul(-40),
      }),
    };
    const found = await exactBayes(
      { ...seen, rounds: [{ ...seen.rounds[0]!, published }] },
      masked,
      { candidates, delta },
      { precision: "float64" },
    );
    found.forEach(({ posterior }, lane) => {
      const expected = bruteForce(seen, lane, (d, p, i) => (names[p] === "0.weight" ? -40 * d * d * mask[lane * size + i]! : 0));
      expected.forEach((mass, k) => {
        expect(Math.abs(posterior[k]! - mass)).toBeLessThan(1e-9);
      });
    });
  });

  it("treats each update as if it were alone, in chunks", async () => {
    const lanes = 1000;
    const seen = await observe("gaussian:sigma=0.1", drawn(lanes, 12), 13);
    const likelihood = likelihoodOf("gaussian:sigma=0.1");
    const together = await exactBayes(seen, likelihood, { candidates, delta }, { threads: 1 });
    expect(together).toHaveLength(lanes);
    for (const lane of [0, 1, 461, 462, 463, 923, 924, 925, 998, 999]) {
      const updates = new Map(
        [...seen.rounds[0]!.updates].map(([name, { shape, data }]) => [
          name,
          { shape: [1, ...shape.slice(1)], data: piece(data, lane, lanes) },
        ]),
      );
      const own = { rounds: [{ client: one, updates }], lanes: 1, batchSize: 1, labels: piece(seen.labels!, lane, lanes) };
      const [alone] = await exactBayes(own, likelihood, { candidates, delta }, { threads: 1 });
      expect(together[lane]!.candidate).toBe(alone!.candidate);
      expect(together[lane]!.risk).toBeCloseTo(alone!.risk, 4);
    }
  });

  it("is the prior where the update tells nothing, and keeps the digits of a risk near 0", async () => {
    const [blind] = await exactBayes(unlabeled, silent, { candidates, delta });
    const all = candidates.reduce((sum, { weight }) => sum + weight!, 0);
    blind!.posterior.forEach((mass, k) => {
      expect(mass).toBeCloseTo(candidates[k]!.weight! / all, 12);
    });
    expect(blind!.risk).toBeCloseTo(1 - 3 / all, 12);
    /** Each step down of a pixel costs 0.82 · 60. */
    const steep: Likelihood = {
      name: "steep",
      cancels: false,
      entries: false,
      given: () => (batch) => ({ logProb: () => batch.x.sum().mul(60) }),
    };
    const [sure] = await exactBayes(unlabeled, steep, { candidates, delta }, { precision: "float64" });
    expect(candidates[sure!.candidate]!.image.every((pixel) => pixel > 0.9)).toBe(true);
    const [top, ...others] = candidates
      .map(({ image, weight }) => [toModelSpace(image, normalization).reduce((sum, x) => sum + x, 0), weight!] as const)
      .sort(([a], [b]) => b - a);
    const odds = others.reduce((sum, [level, weight]) => sum + (weight / top![1]) * Math.exp(60 * (level - top![0])), 0);
    expect(odds).toBeLessThan(1e-20);
    expect(sure!.risk / odds).toBeCloseTo(1, 4);
  });
});

describe("what has no exact answer is refused", () => {
  const likelihood = likelihoodOf("gaussian:sigma=0.3");
  const near = candidates[0]!.image.map((pixel) => pixel + 0.15);

  it("candidates that are not more than 2δ apart, in the space of δ", async () => {
    const close = { candidates: [...candidates.slice(0, 3), { image: near, label: 0 }], delta: 0.2 };
    await expect(exactBayes(unlabeled, likelihood, close)).rejects.toThrow(
      "Candidates 0 and 3 are 0.3 apart; the exact Bayes adversary needs more than 2·delta = 0.4. Take candidates farther apart, or a smaller delta.",
    );
    // In model space the same two are 0.6 apart.
    await expect(exactBayes(unlabeled, likelihood, { ...close, measured: { space: "model", std: [0.5] } })).resolves.toHaveLength(1);
  });

  it.each([Number.NaN, Infinity])("a law whose logarithm is %d", async (number) => {
    const broken: Likelihood = { name: "broken", cancels: false, entries: false, given: () => () => ({ logProb: () => constant(number) }) };
    await expect(exactBayes(unlabeled, broken, { candidates, delta })).rejects.toThrow(
      'The law "broken" gives no finite likelihood for update 0.',
    );
  });

  it.each([
    ["a batch", { ...unlabeled, batchSize: 2 }, { candidates, delta }, "takes updates of one image; the batch size is 2"],
    ["no candidates", unlabeled, { candidates: [], delta }, "needs at least one candidate; got none"],
    ["a radius", unlabeled, { candidates, delta: -1 }, "delta must be a finite number of at least 0; got -1"],
    ["a label", unlabeled, { candidates: [{ image: near, label: 4 }], delta }, "labels are integers from 0 to 3"],
    ["a weight", unlabeled, { candidates: [{ image: near, label: 0, weight: 0 }], delta }, "weights are positive numbers"],
    [
      "a size",
      unlabeled,
      { candidates: [{ image: near.slice(1), label: 0 }], delta },
      "Candidate 0 has 3 numbers; the model takes 4 (1 x 2 x 2)",
    ],
    [
      "a label that no candidate has",
      { ...unlabeled, labels: oneHot([1], 4) },
      { candidates: [{ image: near, label: 0 }], delta },
      "No candidate with label 1 explains update 0",
    ],
  ])("%s", async (_, seen, prior, sentence) => {
    await expect(exactBayes(seen, likelihood, prior)).rejects.toThrow(sentence);
  });
});

/**
 * The draws that adversaries are compared on: 200 candidates, the updates they make, and who
 * recovers them.
 */
async function arena(defense: string) {
  const lanes = 200;
  const truths = drawn(lanes, 8);
  const seen = await observe(defense, truths, 9);
  const recovers = (guess: Float32Array, lane: number) => distance(candidates[truths[lane]!]!.image, guess, [1, 2, 2]) <= delta;
  return {
    seen,
    async exact(likelihood: Likelihood) {
      const found = await exactBayes(seen, likelihood, { candidates, delta }, { threads: 1 });
      const recovered = found.map(({ candidate }, lane) => recovers(candidates[candidate]!.image, lane));
      // 1 − posterior mass less what came of it: 0 on average for who knows the truth.
      const surprise = found.map(({ risk }, lane) => risk - Number(!recovered[lane]));
      return { recovered, surprise: () => bootstrapMean(surprise, keyFromSeed(10), { confidence: 0.99 }) };
    },
    async attack(attack: Attack) {
      let end: Progress | undefined;
      for await (const progress of attack.reconstruct(seen, split(keyFromSeed(11), lanes), { threads: 1 })) end = progress;
      const inputs = end!.inputs();
      return truths.map((_, lane) => recovers(toPixelSpace(piece(inputs, lane, lanes), normalization), lane));
    },
  };
}

/** How much more often the first recovers than the second. */
function advantage(first: readonly boolean[], second: readonly boolean[]): Interval {
  const count = (a: boolean, b: boolean) => first.filter((one, lane) => one === a && second[lane] === b).length;
  return tango(
    { both: count(true, true), onlyFirst: count(true, false), onlySecond: count(false, true), neither: count(false, false) },
    0.95,
  );
}

/**
 * Attacks with what brings them to their end on this network. `bayes` knows the law, and all of the
 * prior but that it is a grid.
 */
const rivals = [
  "dlg:optimizer=adam,rate=0.08,steps=120,box=true",
  "inverting-gradients:steps=120,tv=1e-6",
  "bayes:rate=0.08,steps=120",
  "bayes:rate=0.08,steps=120,samples=4,points=antithetic",
];
const rivalOf = (spec: string, likelihood: Likelihood): Attack =>
  attacks.build(spec).build({
    law: { kind: "known", likelihood },
    prior: { prior: uniform.build({}), name: "uniform" },
    radius: { radius: delta, space: "pixel" },
  });

describe.each(
  defenses
    .list()
    .map(({ kind }) => kind)
    .filter((kind) => lawOf(defenses.build(kind)).kind === "known"),
)("on the same draws behind %s", (defense) => {
  it("no attack recovers more than the exact adversary, whose risk is what it says", async () => {
    const { exact, attack } = await arena(defense);
    const likelihood = likelihoodOf(defense);
    const { recovered, surprise } = await exact(likelihood);
    // Where it is nearly sure, 200 draws show no error: a risk of 0.01 is within chance.
    expect(surprise().lower).toBeLessThan(0.01);
    expect(surprise().upper).toBeGreaterThan(-0.01);
    for (const rival of rivals) expect(advantage(await attack(rivalOf(rival, likelihood)), recovered).lower, rival).toBeLessThanOrEqual(0);
  });
});

describe("these comparisons see what they look for", () => {
  it("an adversary that believes in half the noise is too sure", async () => {
    const { exact } = await arena("gaussian:sigma=0.1");
    expect((await exact(likelihoodOf("gaussian:sigma=0.05"))).surprise().upper).toBeLessThan(-0.01);
    expect((await exact(likelihoodOf("gaussian:sigma=0.2"))).surprise().lower).toBeGreaterThan(0.01);
  });

  it("one that does not look at the update is beaten by each attack", async () => {
    const { exact, attack } = await arena("gaussian:sigma=0.1");
    const { recovered } = await exact(silent);
    const likelihood = likelihoodOf("gaussian:sigma=0.1");
    for (const rival of rivals) expect(advantage(await attack(rivalOf(rival, likelihood)), recovered).lower, rival).toBeGreaterThan(0);
  });
});
