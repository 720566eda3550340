import { describe, expect, it } from "vitest";
import {
  algorithm1,
  assuming,
  type Ball,
  jensen,
  logMeanExp,
  type Progress,
  pointsIn,
  type Search,
  squaredDistance,
} from "../../src/adversary/index.ts";
import { type Client, fedSgd } from "../../src/client/index.ts";
import { constant, filled, type Tensor } from "../../src/graph/index.ts";
import { clopperPearson } from "../../src/metrics/index.ts";
import { linear } from "../../src/models/layers.ts";
import { sequential } from "../../src/models/model.ts";
import { adam, annealed, constantRate, exponentialRate, lbfgs, narrowed } from "../../src/optimizers/index.ts";
import { type Prior, priors } from "../../src/priors/index.ts";
import { fillNormal, foldIn, Key, keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { likelihoodOf } from "../laws/likelihood-of.ts";

/**
 * A client whose gradient is linear in x: the loss cᵀ W x of one dense layer has ∂ℓ/∂W = c xᵀ.
 * Under Gaussian noise and a Gaussian prior of standard deviations τᵢ the posterior of x is normal,
 * with variances λᵢ = (‖c‖²/σ² + 1/τᵢ²)⁻¹ and mean λᵢ (gᵀc)ᵢ/σ²: a formula that Algorithm 1 has to
 * reach.
 */
const d = 6;
const c = [0.7, -1.1, 0.4];
const sigma = 0.3;
const equal = [0.8, 0.8, 0.8, 0.8, 0.8, 0.8];
const unequal = [1.2, 1, 0.5, 0.25, 0.12, 0.06];
const task = { shape: [d], classes: c.length, normalization: { mean: [0], std: [1] } };
const model = sequential(task, "nchw", [linear("0", [d], c.length)]);
const weights = new Map(
  model.parameters.map(({ name, shape }) => [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }]),
);
const one: Client = fedSgd({ model, weights, loss: (logits) => logits.mul(constant(c)).sum(-1).mean() });
const priorOf = (tau: readonly number[]): Prior => ({
  density: () => ({ logProb: ({ x }) => x.div(constant(tau)).square().sum().mul(-0.5) }),
});
const likelihood = likelihoodOf(`gaussian:sigma=${sigma}`);
const variances = (tau: readonly number[]) => tau.map((each) => 1 / (c.reduce((sum, a) => sum + a * a, 0) / sigma ** 2 + 1 / each ** 2));

/** Draws x ~ p(x) and g ~ p(g | x), a lane each, and says where the posterior's mode is. */
function draw(lanes: number, tau: readonly number[]) {
  const truth = new Float32Array(lanes * d);
  fillNormal(keyFromSeed(1), truth);
  const lambda = variances(tau);
  const noise = new Float32Array(lanes * c.length * d);
  fillNormal(keyFromSeed(2), noise);
  const matched = new Float64Array(lanes * d);
  truth.forEach((z, at) => {
    truth[at] = z * tau[at % d]!;
  });
  const gradient = noise.map((z, at) => {
    const [lane, j, i] = [Math.floor(at / (c.length * d)), Math.floor(at / d) % c.length, at % d];
    const g = c[j]! * truth[lane * d + i]! + sigma * z;
    matched[lane * d + i]! += c[j]! * g;
    return g;
  });
  const updates = new Map([
    ["0.weight", { shape: [lanes, c.length, d], data: gradient }],
    ["0.bias", { shape: [lanes, c.length], data: Float32Array.from({ length: lanes * c.length }, (_, i) => c[i % c.length]!) }],
  ]);
  const seen = {
    rounds: [{ client: one, updates }],
    lanes,
    batchSize: 1,
    labels: new Float32Array(lanes * c.length),
  };
  const keys = Array.from({ length: lanes }, (_, i) => foldIn(keyFromSeed(3), i));
  return { seen, keys, truth, mode: matched.map((sum, at) => (sum * lambda[at % d]!) / sigma ** 2) };
}
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

/** Where the attack ends. */
async function attacked(
  { seen, keys }: ReturnType<typeof draw>,
  tau: readonly number[],
  ball?: Parameters<typeof assuming>[0]["ball"],
): Promise<Float32Array> {
  let end: Progress | undefined;
  const attack = assuming({ likelihood, prior: priorOf(tau), ...(ball ? { ball } : {}) }, search, named);
  for await (const progress of attack.reconstruct(seen, keys, { threads: 1 })) end = progress;
  return end!.inputs();
}
const few = draw(5, unequal);
/** The farthest entry from the formula. */
async function distance(ball?: Parameters<typeof assuming>[0]["ball"]): Promise<number> {
  const x = await attacked(few, unequal, ball);
  return x.reduce((farthest, each, i) => Math.max(farthest, Math.abs(each - few.mode[i]!)), 0);
}
const ball = { samples: 8, radius: 0.5, space: "model", bound: "jensen", points: "antithetic" } as const;

describe("Algorithm 1 on a linear–Gaussian client", () => {
  it("reaches the posterior mode with one point at the center", async () => {
    expect(await distance()).toBeLessThan(1e-4);
  });

  it("returns its best iterate by the whole objective where the likelihood is annealed or its noise narrows", async () => {
    const byAdam = { rate: exponentialRate(0.1, 0.996) };
    const byLbfgs = { optimizer: lbfgs(), steps: 60, rate: constantRate(1) };
    for (const pace of [
      { anneal: annealed(1e-4), ...byAdam },
      { widen: narrowed(30), ...byAdam },
      { anneal: annealed(1e-4), ...byLbfgs },
      { widen: narrowed(30), ...byLbfgs },
    ]) {
      const attack = assuming({ likelihood, prior: priorOf(unequal) }, { ...search, ...pace, result: "best" }, named);
      let end: Progress | undefined;
      for await (const progress of attack.reconstruct(few.seen, few.keys, { threads: 1 })) end = progress;
      // While the likelihood counts for little, objectives are less: none of those iterates is what
      // is looked for.
      const far = end!.inputs().reduce((most, each, i) => Math.max(most, Math.abs(each - few.mode[i]!)), 0);
      expect(far).toBeLessThan(2e-3);
    }
  });

  it("reaches it with antithetic points in a ball, whose linear terms cancel", async () => {
    expect(await distance(ball)).toBeLessThan(1e-4);
  });

  it("reaches it within Monte-Carlo error with independent points", async () => {
    const off = await distance({ ...ball, points: "independent", samples: 32 });
    expect(off).toBeGreaterThan(1e-6);
    expect(off).toBeLessThan(0.05);
  });

  it("reaches, by L-BFGS, the mode minus the mean of the points of its ball, which stay the same", async () => {
    // The mean of a quadratic over points x + uᵢ is least where x plus the mean of uᵢ is the mode.
    const wide = { ...ball, points: "independent", samples: 2, radius: 2 } as const;
    const byLbfgs = { ...search, optimizer: lbfgs({ gain: 0 }), rate: constantRate(1), steps: 6 };
    let end: Progress | undefined;
    for await (const progress of assuming({ likelihood, prior: priorOf(unequal), ball: wide }, byLbfgs, named).reconstruct(
      few.seen,
      few.keys,
      { threads: 1 },
    ))
      end = progress;
    const x = end!.inputs();
    const own = { ...wide, rows: 1, halfAxes: filled(wide.radius, [d]), rest: 0, mean: jensen };
    few.keys.forEach((key, lane) => {
      const restart = Key.input("restart").stream("iterate").foldIn(0).stream("ball");
      const offset = evaluate([pointsIn(own, filled(0, [d]), restart).mean(0)], { restart: foldIn(key, 0) })[0]!.data;
      expect(Math.hypot(...offset)).toBeGreaterThan(0.3);
      offset.forEach((entry, i) => {
        expect(x[lane * d + i]! + entry).toBeCloseTo(few.mode[lane * d + i]!, 3);
      });
    });
  });

  it("is the point attack to the bit where k is 1 or the radius is 0", async () => {
    expect(await distance({ ...ball, radius: 0 })).toBe(await distance());
  });
});

it("a search that moved less than 0.001 a pixel has not moved", async () => {
  // Adam moves each entry by about its rate in each step, whatever the gradient.
  for (const [rate, stopped] of [
    [5e-5, "unmoved"],
    [3e-4, null],
  ] as const) {
    const attack = assuming({ likelihood, prior: priorOf(unequal) }, { ...search, steps: 10, rate: constantRate(rate) }, named);
    let end: Progress | undefined;
    for await (const progress of attack.reconstruct(few.seen, few.keys, { threads: 1 })) end = progress;
    expect(end!.lanes().map((lane) => lane.stopped)).toEqual(few.keys.map(() => stopped));
  }
});

describe("what Jensen's bound costs", () => {
  it("is δ²‖J‖²/(2σ²(d + 2)) for the likelihood, which a small noise makes as large as the likelihood itself", async () => {
    const cost = async (radius: number, noise: number) => {
      const flat = { likelihood: likelihoodOf(`gaussian:sigma=${noise}`), prior: priors.build("uniform") };
      const wide = { samples: 4096, radius, space: "model", bound: "jensen", points: "antithetic" } as const;
      const at = { x: few.truth, y: few.seen.labels };
      const options = { threads: 1, precision: "float64" } as const;
      const [[point], [ball]] = (await Promise.all(
        [{}, { ball: wide }].map((own) => assuming({ ...flat, ...own }, search, named).objective!(few.seen, [at], few.keys, options)),
      )) as [readonly Float32Array[], readonly Float32Array[]];
      return ball!.reduce((sum, value, i) => sum + value - point![i]!, 0) / ball!.length;
    };
    const squared = d * c.reduce((sum, each) => sum + each * each, 0);
    for (const [radius, noise] of [
      [0.5, 0.3],
      [0.5, 0.003],
      [0.05, 0.3],
    ] as const)
      expect((await cost(radius, noise)) / ((radius ** 2 * squared) / (2 * noise ** 2 * (d + 2)))).toBeCloseTo(1, 1);
  });
});

describe("its risk on a linear–Gaussian client", () => {
  const n = 1500;
  const risk = async (tau: readonly number[], delta: number) => {
    const drawn = draw(n, tau);
    const x = await attacked(drawn, tau);
    const far = Array.from({ length: n }, (_, lane) =>
      Math.hypot(...Array.from({ length: d }, (_, i) => x[lane * d + i]! - drawn.truth[lane * d + i]!)),
    ).filter((each) => each > delta).length;
    return clopperPearson(far, n, 0.999);
  };

  it("is P(λ χ²_d > δ²) where all variances are equal", async () => {
    const lambda = variances(equal)[0]!;
    const delta = Math.sqrt(5.5 * lambda);
    const { lower, upper } = await risk(equal, delta);
    // P(χ²₆ > t) = exp(−t/2) (1 + t/2 + t²/8)
    const exact = Math.exp(-2.75) * (1 + 2.75 + 2.75 ** 2 / 2);
    expect(lower).toBeLessThan(exact);
    expect(upper).toBeGreaterThan(exact);
    expect(upper - lower).toBeLessThan(0.1);
  });

  it("is P(Σ λᵢ χ²₁ > δ²) where they are not", async () => {
    const lambda = variances(unequal);
    const delta = Math.sqrt(0.9 * lambda.reduce((sum, each) => sum + each, 0));
    const z = new Float32Array(200_000 * d);
    fillNormal(keyFromSeed(12), z);
    let above = 0;
    for (let k = 0; k < z.length; k += d) above += Number(lambda.reduce((sum, each, i) => sum + each * z[k + i]! ** 2, 0) > delta ** 2);
    const { lower, upper } = await risk(unequal, delta);
    expect(lower).toBeLessThan((above * d) / z.length);
    expect(upper).toBeGreaterThan((above * d) / z.length);
  });
});

describe("the ball", () => {
  const geometry: Ball = { samples: 4000, rows: 1, halfAxes: constant([1, 2, 4, 1, 1, 1]), points: "independent", rest: 0, mean: jensen };
  const [points] = evaluate([pointsIn(geometry, constant([0, 0, 0, 0, 0, 0]), Key.input("key"))], { key: keyFromSeed(8) });

  it("holds its points, with radii distributed as U^(1/d) along its half axes", () => {
    const radii = Array.from({ length: 4000 }, (_, k) =>
      Math.hypot(...[1, 2, 4, 1, 1, 1].map((axis, i) => points!.data[k * 6 + i]! / axis)),
    ).sort((a, b) => a - b);
    expect(radii.at(-1)).toBeLessThanOrEqual(1 + 1e-6);
    // Kolmogorov–Smirnov at a level of 1e-4 against P(R ≤ r) = r^d.
    const off = Math.max(...radii.map((r, i) => Math.abs(r ** 6 - (i + 0.5) / radii.length)));
    expect(off).toBeLessThan(2.23 / Math.sqrt(radii.length));
  });

  it("averages by Jensen's bound below the logarithm of the mean, which the value at many points approaches", () => {
    const logs = constant([-3, -1, -2, Number.NEGATIVE_INFINITY]);
    const [exact] = evaluate([logMeanExp(logs)]);
    expect(exact!.data[0]).toBeCloseTo(Math.log((Math.exp(-3) + Math.exp(-1) + Math.exp(-2)) / 4), 12);
    const [bound] = evaluate([jensen(constant([-3, -1, -2]))]);
    expect(bound!.data[0]).toBeCloseTo(-2, 12);
    expect(evaluate([logMeanExp(constant([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]))])[0]!.data[0]).toBe(
      Number.NEGATIVE_INFINITY,
    );
  });

  it("shrinks by a factor of its radius", () => {
    const few: Ball = { ...geometry, samples: 50 };
    const at = (shrink: number) =>
      evaluate([pointsIn(few, constant([0, 0, 0, 0, 0, 0]), Key.input("key"), constant(shrink))], { key: keyFromSeed(8) })[0]!.data;
    const [whole, tenth] = [at(1), at(0.1)];
    whole.forEach((x, i) => {
      expect(tenth[i]!).toBeCloseTo(x / 10, 12);
    });
  });

  it("is not equation 2 with few points where the density is narrow: 64 are 11 nats off in 20 dimensions", () => {
    const narrow = (samples: number): number => {
      const one: Ball = {
        samples,
        rows: 1,
        halfAxes: constant(new Float64Array(20).fill(0.5)),
        points: "independent",
        rest: 0,
        mean: logMeanExp,
      };
      const joint = (x: Tensor) => ({ likelihood: x.div(0.05).square().sum().mul(-0.5), prior: constant(0) });
      const { value } = algorithm1(
        joint,
        adam(),
        one,
      )({ x: constant(new Float64Array(20)), key: Key.input("key"), rate: constant(1) }, adam().init(20));
      const values = Array.from({ length: 40 }, (_, i) => -evaluate([value], { key: foldIn(keyFromSeed(4), i) })[0]!.data[0]!);
      return values.reduce((sum, each) => sum + each, 0) / values.length;
    };
    // The integral by quadrature over the radius: d ∫ r^(d−1) exp(−(δr)²/2s²) dr from 0 to 1.
    let exact = 0;
    for (let i = 0; i < 1e5; i++) exact += (20 * ((i + 0.5) / 1e5) ** 19 * Math.exp(-50 * ((i + 0.5) / 1e5) ** 2)) / 1e5;
    expect(Math.log(exact)).toBeCloseTo(-24.02, 1);
    expect(narrow(8)).toBeLessThan(-38);
    expect(narrow(64)).toBeLessThan(-34);
    expect(narrow(64)).toBeGreaterThan(-37);
  });

  it("estimates equation 2 for a normal density: log-mean-exp converges to the integral, Jensen's mean to less", () => {
    // In one dimension (1/V) ∫ over B(0, 2) of N(x; 0, 1) is erf(√2) / 4.
    const line = (mean: Ball["mean"], samples: number): number => {
      const one: Ball = { samples, rows: 1, halfAxes: constant([2]), points: "independent", rest: 0, mean };
      const joint = (x: Tensor) => ({
        likelihood: x
          .square()
          .sum()
          .mul(-0.5)
          .sub(0.5 * Math.log(2 * Math.PI)),
        prior: constant(0),
      });
      const { value } = algorithm1(joint, adam(), one)({ x: constant([0]), key: Key.input("key"), rate: constant(1) }, adam().init(1));
      return -evaluate([value], { key: keyFromSeed(4) })[0]!.data[0]!;
    };
    expect(line(logMeanExp, 100000)).toBeCloseTo(Math.log(0.9544997361036416 / 4), 2);
    // −½ E x² − ½ log 2π with E x² = 4/3.
    expect(line(jensen, 100000)).toBeCloseTo(-2 / 3 - 0.5 * Math.log(2 * Math.PI), 2);
  });
});

it("under Gaussian noise, assuming Gauss is ℓ2 matching: Adam, which does not see the scale, takes the same path", async () => {
  const flat = priors.build("uniform");
  const path = async (assumed: typeof likelihood) => {
    const points: Float32Array[] = [];
    const attack = assuming({ likelihood: assumed, prior: flat }, { ...search, steps: 60 }, named);
    for await (const progress of attack.reconstruct(few.seen, few.keys, { threads: 1 })) points.push(progress.inputs());
    return points;
  };
  const [gauss, l2] = [await path(likelihood), await path(squaredDistance)];
  expect(gauss.length).toBe(60);
  gauss.forEach((points, step) => {
    points.forEach((x, i) => {
      expect(Math.abs(x - l2[step]![i]!)).toBeLessThan(1e-4);
    });
  });
});
