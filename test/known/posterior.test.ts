import { describe, expect, it } from "vitest";
import { maximizingMass, type Progress, type Sampling, type Search } from "../../src/adversary/index.ts";
import { type Batch, type Client, fedSgd } from "../../src/client/index.ts";
import { logSumExp } from "../../src/distributions/index.ts";
import { constant, where } from "../../src/graph/index.ts";
import { clopperPearson } from "../../src/metrics/index.ts";
import { linear } from "../../src/models/layers.ts";
import { sequential } from "../../src/models/model.ts";
import { adam, exponentialRate } from "../../src/optimizers/index.ts";
import type { Prior } from "../../src/priors/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { likelihoodOf } from "../laws/likelihood-of.ts";

/**
 * A client whose gradient is linear in x: the loss cᵀ W x of one dense layer has ∂ℓ/∂W = c xᵀ.
 * Under Gaussian noise the likelihood of x is that of N(x̄, s² I) with s² = σ²/‖c‖².
 */
const c = [0.7, -1.1, 0.4];
const clientOf = (d: number): Client => {
  const task = { shape: [d], classes: c.length, normalization: { mean: [0], std: [1] } };
  const model = sequential(task, "nchw", [linear("0", [d], c.length)]);
  const weights = new Map(
    model.parameters.map(({ name, shape }) => [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }]),
  );
  return fedSgd({ model, weights, loss: (logits) => logits.mul(constant(c)).sum(-1).mean() });
};
const strength = c.reduce((sum, a) => sum + a * a, 0);

/** What the server saw of inputs [lanes, d], with noise of σ. */
function observed(truth: Float32Array, lanes: number, sigma: number) {
  const d = truth.length / lanes;
  const noise = new Float32Array(lanes * c.length * d);
  fillNormal(keyFromSeed(2), noise);
  const at = (i: number) => [Math.floor(i / (c.length * d)), Math.floor(i / d) % c.length, i % d] as const;
  const gradient = noise.map((z, i) => {
    const [lane, j, k] = at(i);
    return c[j]! * truth[lane * d + k]! + sigma * z;
  });
  /** Where the likelihood is highest. */
  const fit = new Float64Array(lanes * d);
  gradient.forEach((g, i) => {
    const [lane, j, k] = at(i);
    fit[lane * d + k]! += (c[j]! * g) / strength;
  });
  const updates = new Map([
    ["0.weight", { shape: [lanes, c.length, d], data: gradient }],
    ["0.bias", { shape: [lanes, c.length], data: Float32Array.from({ length: lanes * c.length }, (_, i) => c[i % c.length]!) }],
  ]);
  const seen = { rounds: [{ client: clientOf(d), updates }], lanes, batchSize: 1, labels: new Float32Array(lanes * c.length) };
  return { seen, fit, keys: Array.from({ length: lanes }, (_, i) => foldIn(keyFromSeed(3), i)) };
}

const search: Search = {
  optimizer: adam(),
  steps: 100,
  rate: exponentialRate(0.1, 0.97),
  start: "normal",
  box: false,
  restarts: 1,
  result: "last",
};
const sampling: Sampling = { chains: 64, warmUp: 60, draws: 40, leapfrogs: 3, from: "everywhere" };

/** Where the attack ends, what its lanes say, and where its search for the likeliest point starts. */
async function attacked(
  { seen, keys }: ReturnType<typeof observed>,
  assumed: { readonly sigma: number; readonly prior: Prior },
  radius: number,
  { start, ...own }: Partial<Sampling> & { readonly start?: Float32Array } = {},
) {
  const { sigma, prior } = assumed;
  const attack = maximizingMass(
    { likelihood: likelihoodOf(`gaussian:sigma=${sigma}`), prior },
    { search, prior },
    { ...sampling, ...own },
    { radius, space: "model" },
    { prior: "as the test has it" },
  );
  let end: Progress | undefined;
  let found: Float32Array | undefined;
  for await (const progress of attack.reconstruct(seen, keys, { threads: 1, ...(start ? { start } : {}) })) {
    if (progress.step === search.steps) found = progress.inputs();
    end = progress;
  }
  return { centers: end!.inputs(), lanes: end!.lanes(), found: found! };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("the posterior attack on a linear–Gaussian client", () => {
  const d = 6;
  const sigma = 0.6;
  const tau = [1.2, 1, 0.5, 0.25, 0.12, 0.06];
  const prior: Prior = { density: () => ({ logProb: ({ x }) => x.div(constant(tau)).square().sum().mul(-0.5) }) };
  const lambda = tau.map((each) => 1 / (strength / sigma ** 2 + 1 / each ** 2));
  const n = 60;

  it.each([
    ["its prior", prior],
    // Draws follow the density, whatever a search climbs.
    [
      "a prior that searches see softened",
      {
        ...prior,
        softened:
          () =>
          ({ x }: Batch) =>
            x.sub(1).square().sum().mul(-0.05),
      },
    ],
  ] as const)(
    "answers with the mean of the normal posterior under %s, and states its risk",
    async (_, prior) => {
      const truth = new Float32Array(n * d);
      fillNormal(keyFromSeed(1), truth);
      for (let i = 0; i < truth.length; i++) truth[i]! *= tau[i % d]!;
      const drawn = observed(truth, n, sigma);
      const delta = Math.sqrt(0.9 * lambda.reduce((sum, each) => sum + each, 0));
      const { centers, lanes } = await attacked(drawn, { sigma, prior }, delta);
      // In posterior standard deviations; 64 independent draws would be 0.125 off.
      tau.forEach((_, k) => {
        const off = Array.from({ length: n }, (_, lane) => {
          const exact = (drawn.fit[lane * d + k]! * lambda[k]! * strength) / sigma ** 2;
          return (centers[lane * d + k]! - exact) ** 2 / lambda[k]!;
        });
        expect(Math.sqrt(mean(off))).toBeLessThan(0.3);
      });
      // P(Σ λᵢ χ²₁ ≤ δ²) by simulation.
      const z = new Float32Array(100_000 * d);
      fillNormal(keyFromSeed(12), z);
      let inside = 0;
      for (let k = 0; k < z.length; k += d) inside += Number(lambda.reduce((sum, each, i) => sum + each * z[k + i]! ** 2, 0) <= delta ** 2);
      const exact = (inside * d) / z.length;
      expect(Math.abs(mean(lanes.map(({ success }) => success!)) - exact)).toBeLessThan(0.03);
      const far = Array.from({ length: n }, (_, lane) => Math.hypot(...tau.map((_, k) => centers[lane * d + k]! - truth[lane * d + k]!)));
      const { lower, upper } = clopperPearson(far.filter((each) => each <= delta).length, n, 0.999);
      expect(lower).toBeLessThan(exact);
      expect(upper).toBeGreaterThan(exact);
      for (const { mixing } of lanes) {
        expect(mixing!.acceptance).toBeGreaterThan(0.3);
        expect(mixing!.effective).toBeGreaterThan(60);
      }
    },
    120_000,
  );
});

describe("the posterior attack under a prior that is 0 nearly everywhere", () => {
  it("starts its chains where the prior is not 0, and stays there", async () => {
    const [n, d, wall, sigma] = [24, 2, 2.6, 2.7];
    const nearby = constant([wall + 0.2, 0]);
    const prior: Prior = {
      density: () => ({
        logProb: ({ x }) => {
          const inside = x.reshape([d]).range(0, 0, 1).greater(wall).reshape([]);
          return x
            .square()
            .sum()
            .mul(-0.5)
            .add(where(inside, 0, Number.NEGATIVE_INFINITY));
        },
      }),
      softened:
        () =>
        ({ x }: Batch) =>
          x.reshape([d]).sub(nearby).square().sum().mul(-0.5),
    };
    const truth = Float32Array.from({ length: n * d }, (_, i) => (i % d === 0 ? wall + 0.2 : 0));
    // Of N(0, 1), 0.5 % lie beyond the wall: most lanes of 16 chains would have none there.
    const { centers, lanes } = await attacked(observed(truth, n, sigma), { sigma, prior }, 0.5, { chains: 16 });
    for (let lane = 0; lane < n; lane++) {
      expect(centers[lane * d]!).toBeGreaterThan(wall);
      expect(centers[lane * d]!).toBeLessThan(wall + 2);
      expect(Math.abs(centers[lane * d + 1]!)).toBeLessThan(3);
      expect(lanes[lane]!.mixing!.rHat).toBeLessThan(2);
    }
    expect(lanes.every(({ success }) => success! > 0.2 && success! < 1)).toBe(true);
  }, 120_000);
});

/** A mixture of round Gaussians, as a prior: weights, centers along the diagonal, widths. */
const mixed = (d: number, parts: readonly (readonly [weight: number, at: number, width: number])[]): Prior => ({
  density: () => ({
    logProb: ({ x }) =>
      logSumExp(
        parts.map(([weight, at, width]) =>
          x
            .sub(at / Math.sqrt(d))
            .square()
            .sum()
            .mul(-0.5 / width ** 2)
            .add(Math.log(weight) - d * Math.log(width)),
        ),
      ),
  }),
});

describe("the posterior attack on mixtures of narrow Gaussians", () => {
  const lanes = 12;
  // So much noise that the update says nothing: the posterior is the prior.
  const nothing = (d: number) => observed(new Float32Array(lanes * d), lanes, 1000);

  for (const d of [2, 4, 8])
    it(`gives two modes their masses in ${d} dimensions, although every search ends at the lesser one`, async () => {
      const width = d < 8 ? 0.1 : 0.15;
      const parts = [
        [0.75, 2.5, width],
        [0.25, -2.5, width],
      ] as const;
      const start = new Float32Array(lanes * d).fill(-2.5 / Math.sqrt(d));
      const own = { chains: 256, draws: 8, leapfrogs: 6, start };
      const { centers, lanes: told, found } = await attacked(nothing(d), { sigma: 1000, prior: mixed(d, parts) }, 8 * width, own);
      for (const x of found) expect(x).toBeLessThan(0);
      for (const x of centers) expect(x).toBeGreaterThan(0);
      expect(Math.abs(mean(told.map(({ success }) => success!)) - 0.75)).toBeLessThan(0.06);
      // Chains do not pass from mode to mode, and the attack says so.
      for (const { mixing } of told) expect(mixing!.rHat).toBeGreaterThan(1.5);
    }, 180_000);

  it("leaves the likeliest point for the ball that holds more, whose mass is that of quadrature", async () => {
    const delta = 0.4;
    const parts = [
      [0.2, -1.5, 0.08],
      [0.8, 1.5, 0.3],
    ] as const;
    // The mass of N(0, w² I) within δ in two dimensions, by quadrature over the radius.
    const within = (width: number) => {
      let sum = 0;
      for (let i = 0; i < 1e4; i++) {
        const r = (delta * (i + 0.5)) / 1e4;
        sum += ((r / width ** 2) * Math.exp((-0.5 * r * r) / width ** 2) * delta) / 1e4;
      }
      return sum;
    };
    expect(0.8 * within(0.3)).toBeGreaterThan(2 * 0.2 * within(0.08));
    const start = new Float32Array(lanes * 2).fill(-1);
    const own = { chains: 256, draws: 20, leapfrogs: 6, start };
    const { centers, lanes: told, found } = await attacked(nothing(2), { sigma: 1000, prior: mixed(2, parts) }, delta, own);
    for (const x of found) expect(x).toBeLessThan(0);
    expect([...centers].filter((x) => x > 0).length).toBeGreaterThanOrEqual(22);
    expect(Math.abs(mean(told.map(({ success }) => success!)) - 0.8 * within(0.3))).toBeLessThan(0.06);
  }, 180_000);
});
