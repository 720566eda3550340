import { describe, expect, it } from "vitest";
import { type Assumption, assuming, type Observations, type Round, type Search } from "../../src/adversary/index.ts";
import { numbersOf, objectiveOf } from "../../src/adversary/objective.ts";
import { fedSgd } from "../../src/client/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { constant, vmap } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { linear } from "../../src/models/layers.ts";
import { sequential } from "../../src/models/model.ts";
import { adam, exponentialRate } from "../../src/optimizers/index.ts";
import { type Prior, priors } from "../../src/priors/index.ts";
import { fillNormal, foldIn, keyFromSeed, split } from "../../src/random/index.ts";
import { evaluate, inputsAt } from "../../src/runtime/index.ts";
import { oneHot, simulate } from "../../src/scenario/index.ts";
import { likelihoodOf } from "../laws/likelihood-of.ts";

const named = { prior: "as the test has it" };
const search: Search = {
  optimizer: adam(),
  steps: 1600,
  rate: exponentialRate(0.1, 0.993),
  start: "normal",
  box: false,
  restarts: 1,
  result: "last",
};
const normal = (size: number, seed: number): Float32Array => {
  const out = new Float32Array(size);
  fillNormal(keyFromSeed(seed), out);
  return out;
};

describe("the objective of two rounds", () => {
  const model = models.build("mlp:sizes=6,activation=sigmoid", { shape: [5], classes: 3, normalization: { mean: [0], std: [1] } });
  const [lanes, d] = [3, 5];
  const held = { lanes, batchSize: 1, x: normal(lanes * d, 1), y: oneHot([0, 2, 1], 3) };
  /** The same batches at other weights. */
  const roundOf = (defense: string, seed: number): Promise<Round> =>
    simulate(
      { client: fedSgd({ model, weights: initialWeights(model, keyFromSeed(seed)) }), defense: defenses.build(defense) },
      held,
      split(keyFromSeed(100 + seed), lanes),
      { precision: "float64" },
    );
  const at = { x: normal(lanes * d, 2), y: held.y };
  const keys = split(keyFromSeed(3), lanes);
  const objective = async (rounds: readonly Round[], { likelihood, prior, ball }: Assumption) => {
    const attack = assuming({ likelihood, prior, ...(ball ? { ball } : {}) }, search, named);
    const seen: Observations = { rounds, lanes, batchSize: 1, labels: held.y };
    attack.check!(seen);
    return (await attack.objective!(seen, [at], keys, { precision: "float64" }))[0]!;
  };

  it.each([
    "gaussian:sigma=0.3",
    "laplacian:scale=0.2",
    "clip:norm=0.5+gaussian:sigma=0.2",
    "mask+gaussian:sigma=0.3",
    "mask:published=false+laplacian:scale=0.2",
  ])("is, for %s, the sum of the likelihoods of each, and the prior once", async (defense) => {
    const [first, second] = [await roundOf(defense, 1), await roundOf(defense, 2)];
    const likelihood = likelihoodOf(defense);
    for (const prior of [priors.build("uniform"), priors.build("gaussian:sigma=0.5")]) {
      const [one, other, both] = [
        await objective([first], { likelihood, prior }),
        await objective([second], { likelihood, prior }),
        await objective([first, second], { likelihood, prior }),
      ];
      const alone = await objective([first], { likelihood: silent, prior });
      both.forEach((value, lane) => {
        const expected = one[lane]! + other[lane]! - alone[lane]!;
        expect(Math.abs(value - expected)).toBeLessThan(1e-9 * Math.abs(expected));
      });
      // Neither round is silent.
      for (const single of [one, other]) expect(single.every((value, lane) => Math.abs(value - alone[lane]!) > 1e-3)).toBe(true);
    }
  });
});

it("of two rounds, the one that is matched best says when the fast form of the objective has lost its digits", () => {
  const model = models.build("mlp:sizes=6,activation=sigmoid", { shape: [5], classes: 3, normalization: { mean: [0], std: [1] } });
  const clients = [1, 2].map((seed) => fedSgd({ model, weights: initialWeights(model, keyFromSeed(seed)) }));
  const [x, y] = [normal(5, 1), Float32Array.of(0, 1, 0)];
  // One round holds the gradient of x, and the other one holds its double: at x the former is 0 away
  // and the latter, relative to its own square, a quarter.
  const roundOf = (client: (typeof clients)[number], factor: number): Round => {
    const { tensors } = client.update({ x: constant(x, [1, 5]), y: constant(y, [1, 3]) });
    const all = [...tensors].map(([name, tensor]) => [name, evaluate([tensor.mul(factor)])[0]!] as const);
    return {
      client,
      updates: new Map(all.map(([name, { shape, data }]) => [name, { shape: [1, ...shape], data: Float32Array.from(data) }])),
    };
  };
  const relativeOf = (factors: readonly number[]): number => {
    const seen = { rounds: clients.map((client, r) => roundOf(client, factors[r]!)), lanes: 1, batchSize: 1, labels: y };
    const assumption = { likelihood: likelihoodOf("gaussian:sigma=0.3"), prior: priors.build("uniform") };
    const { joint, factors: thin } = objectiveOf(assumption, search, seen);
    const given = numbersOf(seen, thin);
    const lane = inputsAt(given) as Parameters<typeof joint>[0]["seen"];
    const { relative } = vmap((own: typeof lane) => {
      const { likelihood, relative } = joint({ seen: own, exact: false })(constant(x));
      return { likelihood, relative: relative! };
    })(lane);
    const feeds = Object.fromEntries(leavesOf(given));
    return evaluate([relative], feeds)[0]!.data[0]!;
  };
  expect(relativeOf([2, 2])).toBeCloseTo(0.25, 4);
  for (const factors of [
    [1, 2],
    [2, 1],
  ])
    expect(relativeOf(factors)).toBeLessThan(1e-6);
});

/** The numbers of nested records, by path. */
function leavesOf(records: object, path = ""): [string, Float32Array][] {
  return Object.entries(records).flatMap(([name, value]: [string, { readonly data?: Float32Array }]): [string, Float32Array][] =>
    value.data ? [[path + name, value.data]] : leavesOf(value, `${path}${name}/`),
  );
}

/** A law that says nothing. */
const silent = { name: "silent", cancels: false, entries: false, given: () => () => ({ logProb: () => constant(0) }) };

/**
 * A client whose gradient is linear in x, as in algorithm-1.test.ts: ∂ℓ/∂W = c xᵀ. Behind Gaussian
 * noise R rounds leave the posterior N(mode, λ), with λ = (R ‖c‖²/σ² + 1/τ²)⁻¹ and the mode λ Σ
 * (gᵣᵀc)/σ².
 */
describe("an attack on two rounds of a linear client", () => {
  const [d, lanes, sigma, tau] = [6, 200, 0.5, 1];
  const c = [0.7, -1.1, 0.4];
  const model = sequential({ shape: [d], classes: 3, normalization: { mean: [0], std: [1] } }, "nchw", [linear("0", [d], 3)]);
  const weights = new Map(
    model.parameters.map(({ name, shape }) => [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }]),
  );
  const client = fedSgd({ model, weights, loss: (logits) => logits.mul(constant(c)).sum(-1).mean() });
  const prior: Prior = { density: () => ({ logProb: ({ x }) => x.div(tau).square().sum().mul(-0.5) }) };
  const truth = normal(lanes * d, 5);
  const roundOf = (seed: number): Round => {
    const noise = normal(lanes * 3 * d, seed);
    const data = noise.map((z, at) => {
      const [lane, j, i] = [Math.floor(at / (3 * d)), Math.floor(at / d) % 3, at % d];
      return c[j]! * truth[lane * d + i]! + sigma * z;
    });
    const bias = Float32Array.from({ length: lanes * 3 }, (_, i) => c[i % 3]!);
    const updates = new Map([
      ["0.weight", { shape: [lanes, 3, d], data }],
      ["0.bias", { shape: [lanes, 3], data: bias }],
    ]);
    return { client, updates };
  };
  const rounds = [roundOf(6), roundOf(7)];
  const modeOf = (used: readonly Round[]): Float64Array => {
    const lambda = 1 / ((used.length * c.reduce((sum, a) => sum + a * a, 0)) / sigma ** 2 + 1 / tau ** 2);
    return Float64Array.from(truth, (_, at) => {
      const [lane, i] = [Math.floor(at / d), at % d];
      const matched = used.flatMap(({ updates }) => c.map((a, j) => a * updates.get("0.weight")!.data[(lane * 3 + j) * d + i]!));
      return (lambda * matched.reduce((sum, one) => sum + one, 0)) / sigma ** 2;
    });
  };
  const attacked = async (used: readonly Round[]): Promise<Float32Array> => {
    const attack = assuming({ likelihood: likelihoodOf(`gaussian:sigma=${sigma}`), prior }, search, named);
    const seen = { rounds: used, lanes, batchSize: 1, labels: new Float32Array(lanes * 3) };
    const keys = Array.from({ length: lanes }, (_, i) => foldIn(keyFromSeed(8), i));
    let inputs = new Float32Array();
    for await (const progress of attack.reconstruct(seen, keys, { threads: 1 }))
      if (progress.step === progress.of) inputs = Float32Array.from(progress.inputs());
    return inputs;
  };
  const distances = (x: Float32Array) =>
    Array.from({ length: lanes }, (_, lane) => Math.hypot(...Array.from({ length: d }, (_, i) => x[lane * d + i]! - truth[lane * d + i]!)));

  it("reaches the mode of both, is nearer to the truth than one round lets it, and recovers no less", async () => {
    const [one, both] = [await attacked(rounds.slice(0, 1)), await attacked(rounds)];
    for (const [x, used] of [
      [one, rounds.slice(0, 1)],
      [both, rounds],
    ] as const) {
      const mode = modeOf(used);
      expect(x.reduce((far, entry, i) => Math.max(far, Math.abs(entry - mode[i]!)), 0)).toBeLessThan(1e-3);
    }
    const [near, far] = [distances(both), distances(one)];
    const recovered = (all: readonly number[]) => all.filter((distance) => distance <= 0.7).length;
    expect(recovered(far)).toBeGreaterThan(10);
    expect(recovered(near)).toBeGreaterThan(recovered(far) + 20);
    // By the formula the mean square falls from d λ₁ to d λ₂, each within four standard errors.
    for (const [all, count] of [
      [far, 1],
      [near, 2],
    ] as const) {
      const lambda = 1 / ((count * c.reduce((sum, a) => sum + a * a, 0)) / sigma ** 2 + 1 / tau ** 2);
      const square = all.reduce((sum, distance) => sum + distance ** 2, 0) / lanes;
      expect(Math.abs(square / (d * lambda) - 1)).toBeLessThan(4 * Math.sqrt(2 / (d * lanes)));
    }
  });
});
