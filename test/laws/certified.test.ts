import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lossProfile, normalCdf, normalQuantile, reconstructionBound } from "../../src/accounting/index.ts";
import { type Candidate, exactBayes, largestMassOf } from "../../src/audit/index.ts";
import { largestMassFrom } from "../../src/audit/largest-mass.ts";
import { fedSgd } from "../../src/client/index.ts";
import type { Dataset } from "../../src/data/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { initialWeights, models, toModelSpace } from "../../src/models/index.ts";
import { fillNormal, fillUniform, keyFromSeed, randomBits, split } from "../../src/random/index.ts";
import { concatenate, oneHot, simulate } from "../../src/scenario/index.ts";
import { likelihoodOf } from "./likelihood-of.ts";

const normals = (count: number, seed: number): Float32Array => {
  const out = new Float32Array(count);
  fillNormal(keyFromSeed(seed), out);
  return out;
};
const uniforms = (count: number, seed: number): Float32Array => {
  const out = new Float32Array(count);
  fillUniform(keyFromSeed(seed), out);
  return out;
};

/** A client whose clipped gradient is one of some vectors of length at most 1, with noise N(0, z²). */
interface Game {
  readonly vectors: readonly (readonly number[])[];
  readonly weights: readonly number[];
  readonly z: number;
}

const updates = 1500;

/**
 * The success of the exact Bayes adversary and of one who ignores the prior, over updates of the
 * game: the mean of the posterior mass of their answers, and the standard error of the first.
 */
function played({ vectors, weights, z }: Game, seed: number) {
  const d = vectors[0]!.length;
  const noise = normals(updates * d, seed);
  const tickets = uniforms(updates, seed + 1);
  let [bayes, square, attack] = [0, 0, 0];
  for (let u = 0; u < updates; u++) {
    let truth = 0;
    for (let left = tickets[u]! - weights[0]!; left >= 0 && truth < weights.length - 1; left -= weights[++truth]!);
    const g = vectors[truth]!.map((v, i) => v + z * noise[u * d + i]!);
    const logs = vectors.map((v) => v.reduce((sum, own, i) => sum - (g[i]! - own) ** 2 / (2 * z * z), 0));
    const nearest = logs.indexOf(Math.max(...logs));
    const joint = logs.map((log, k) => weights[k]! * Math.exp(log - logs[nearest]!));
    const total = joint.reduce((sum, mass) => sum + mass, 0);
    const best = Math.max(...joint) / total;
    bayes += best / updates;
    square += best ** 2 / updates;
    attack += joint[nearest]! / total / updates;
  }
  return { bayes, attack, error: Math.sqrt(Math.max(0, square - bayes ** 2) / updates) };
}

/** Random candidates, priors and noise. */
const games: fc.Arbitrary<Game> = fc
  .record({
    count: fc.integer({ min: 2, max: 12 }),
    dimension: fc.integer({ min: 1, max: 6 }),
    z: fc.double({ min: 0.1, max: 5, noNaN: true }),
    power: fc.double({ min: 0, max: 4, noNaN: true }),
    seed: fc.integer({ min: 0, max: 1e6 }),
  })
  .map(({ count, dimension, z, power, seed }) => {
    const entries = normals(count * dimension, seed);
    const vectors = Array.from({ length: count }, (_, k) => {
      const own = [...entries.subarray(k * dimension, (k + 1) * dimension)];
      const norm = Math.max(1, Math.hypot(...own) / 2);
      return own.map((v) => v / norm / 2);
    });
    const raw = [...uniforms(count, seed + 2)].map((u) => (u + 0.01) ** power);
    const total = raw.reduce((sum, w) => sum + w, 0);
    return { vectors, weights: raw.map((w) => w / total), z };
  });

/** Two opposite vectors of full length, equally likely: nothing is nearer to the bound. */
const opposite = (z: number): Game => ({ vectors: [[1], [-1]], weights: [0.5, 0.5], z });

const boundOf = ({ weights, z }: Game, times = 1): number =>
  reconstructionBound({ multiplier: times * z, rate: 1, steps: 1 }, Math.max(...weights));

describe("attack ≤ exact Bayes ≤ certified, for a linear client with a finite prior", () => {
  it("over random candidates, priors and noise", () => {
    fc.assert(
      fc.property(games, fc.integer({ min: 0, max: 1e6 }), (game, seed) => {
        const { bayes, attack, error } = played(game, seed);
        expect(attack).toBeLessThanOrEqual(bayes + 1e-12);
        expect(bayes).toBeLessThanOrEqual(boundOf(game) + 5 * error + 1e-9);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("is reached by two opposite gradients, so that half of the factor 1/z is violated", () => {
    for (const z of [0.3, 1, 4]) {
      const { bayes, error } = played(opposite(z), 3);
      expect(Math.abs(bayes - boundOf(opposite(z)))).toBeLessThan(5 * error);
      expect(bayes).toBeGreaterThan(boundOf(opposite(z), 2) + 5 * error);
    }
  });

  it("behind dp-sgd on a network, with labels known and not, and weights that differ", async () => {
    const normalization = { mean: [0.4], std: [0.5] };
    const model = models.build("mlp:sizes=8,activation=sigmoid", { shape: [1, 2, 2], classes: 3, normalization });
    const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
    const candidates: readonly Candidate[] = Array.from({ length: 16 }, (_, k) => ({
      image: Float32Array.from({ length: 4 }, (_, i) => (k >> i) & 1),
      label: k % 3,
      weight: 1 + (k % 4),
    }));
    const tickets = candidates.flatMap(({ weight }, k) => Array.from({ length: weight! }, () => k));
    const lanes = 300;
    for (const z of [0.02, 0.3, 2]) {
      const truths = Array.from(randomBits(keyFromSeed(5), lanes), (word) => tickets[word % tickets.length]!);
      const x = concatenate(truths.map((k) => toModelSpace(candidates[k]!.image, normalization)));
      const labels = oneHot(
        truths.map((k) => candidates[k]!.label),
        3,
      );
      const defense = defenses.build(`dp-sgd:norm=0.05,multiplier=${z}`);
      const received = await simulate({ client, defense }, { lanes, batchSize: 1, x, y: labels }, split(keyFromSeed(6), lanes), {
        threads: 1,
      });
      const rates = [];
      for (const known of [true, false]) {
        const seen = { rounds: [received], lanes, batchSize: 1, ...(known ? { labels } : {}) };
        const found = await exactBayes(seen, likelihoodOf(`dp-sgd:norm=0.05,multiplier=${z}`), { candidates, delta: 0.4 }, { threads: 1 });
        const bayes = found.reduce((sum, { risk }) => sum + 1 - risk, 0) / lanes;
        const hits = found.filter(({ candidate }, lane) => candidate === truths[lane]).length / lanes;
        const kappa = largestMassOf({ candidates, delta: 0.4 }, known);
        const bound = reconstructionBound({ multiplier: z, rate: 1, steps: 1 }, kappa);
        const error = Math.sqrt(0.25 / lanes);
        expect(Math.abs(hits - bayes)).toBeLessThan(5 * error);
        expect(bayes).toBeLessThanOrEqual(bound + 5 * error);
        expect(bayes).toBeGreaterThanOrEqual(kappa - 5 * error);
        rates.push(bayes);
      }
      expect(rates[0]).toBeGreaterThan(rates[1]! - 0.05);
    }
  });
});

describe("the bound of several updates", () => {
  it("is that of one with √T/z, and grows with κ, the steps and the rate", () => {
    const mechanism = { multiplier: 2, rate: 1, steps: 9 };
    expect(reconstructionBound(mechanism, 0.01)).toBeCloseTo(normalCdf(normalQuantile(0.01) + 1.5), 12);
    const sampled = (rate: number, kappa: number) => reconstructionBound({ ...mechanism, rate }, kappa);
    expect(sampled(0.1, 0.01)).toBeLessThan(sampled(0.5, 0.01));
    expect(sampled(0.5, 0.01)).toBeLessThan(sampled(1, 0.01));
    expect(sampled(0.5, 0.01)).toBeLessThan(sampled(0.5, 0.02));
    expect([sampled(0.5, 0), sampled(0.5, 1), sampled(0, 0.3)]).toEqual([0, 1, 0.3]);
  });

  it("by the law of the privacy loss, is above the exact one where every example takes part, and close", () => {
    const exact = normalCdf(normalQuantile(0.02) + 1.5);
    const power = lossProfile({ multiplier: 2, rate: 1, steps: 9 }, "with").power(0.02);
    expect(power).toBeGreaterThanOrEqual(exact);
    expect(power).toBeLessThan(exact + 1e-4);
  });

  it("is not violated by Bayes behind Poisson sampling, where one more candidate is nothing at all", () => {
    // One update: with rate q the vector is added, which two opposite ones of equal chance share.
    const [q, z] = [0.4, 0.5];
    const noise = normals(20_000, 9);
    const chance = uniforms(40_000, 10);
    let success = 0;
    for (let u = 0; u < noise.length; u++) {
      const sign = chance[2 * u]! < 0.5 ? 1 : -1;
      const g = z * noise[u]! + (chance[2 * u + 1]! < q ? sign : 0);
      success += g > 0 === sign > 0 ? 1 / noise.length : 0;
    }
    const bound = reconstructionBound({ multiplier: z, rate: q, steps: 1 }, 0.5);
    expect(success).toBeLessThan(bound + 0.02);
    expect(success).toBeGreaterThan(bound - 0.02);
  });
});

describe("the largest mass of a ball, from public examples", () => {
  const dataOf = (rows: readonly (readonly number[])[], labels: (i: number) => number): Dataset<readonly number[]> => ({
    kind: "made",
    split: "train",
    shape: [rows[0]!.length],
    classes: ["0", "1", "2"],
    size: rows.length,
    mean: [0],
    std: [1],
    notes: [],
    example: (index) => ({ index, image: Float32Array.from(rows[index]!), label: labels(index) }),
  });
  const measured = { space: "pixel", clamps: false } as const;
  const cloud = (count: number, dimension: number, seed: number) => {
    const all = normals(count * dimension, seed);
    return Array.from({ length: count }, (_, i) => [...all.subarray(i * dimension, (i + 1) * dimension)]);
  };

  it("covers the truth of a Gaussian cloud at least as often as it says, and is not far above it", () => {
    // P(‖x‖ ≤ δ) in two dimensions.
    const truth = 1 - Math.exp(-(0.5 ** 2) / 2);
    const bounds = Array.from({ length: 100 }, (_, seed) =>
      largestMassFrom({ examples: dataOf(cloud(200, 2, seed), () => 0), knowsLabels: false, measured, delta: 0.5, confidence: 0.95 }),
    );
    expect(bounds.filter(({ upper }) => upper < truth).length).toBeLessThanOrEqual(5);
    expect(Math.max(...bounds.map(({ upper }) => upper))).toBeLessThan(5 * truth);
    expect(bounds.every(({ examples, estimate, upper }) => examples === 200 && estimate < upper)).toBe(true);
  });

  it("counts at least as many examples as any ball holds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0.1, max: 2, noNaN: true }),
        fc.integer({ min: 0, max: 29 }),
        (seed, dimension, delta, own) => {
          const rows = cloud(60, dimension, seed);
          const { upper } = largestMassFrom({ examples: dataOf(rows, () => 0), knowsLabels: false, measured, delta, confidence: 0.95 });
          // Around the middle of two examples, which is no example.
          const center = rows[2 * own]!.map((v, i) => (v + rows[2 * own + 1]![i]!) / 2);
          const inside = rows.filter((row) => Math.hypot(...row.map((v, i) => v - center[i]!)) <= delta).length;
          expect(upper).toBeGreaterThan(inside / 60);
        },
      ),
      { numRuns: 60, seed: 2 },
    );
  });

  it("has a ball of its own for each label, if labels are given", () => {
    // Three classes, each at one point: a guess with the label is always right, one without a third.
    const rows = Array.from({ length: 300 }, (_, i) => [10 * (i % 3), 0]);
    const of = (knowsLabels: boolean) =>
      largestMassFrom({ examples: dataOf(rows, (i) => i % 3), knowsLabels, measured, delta: 1, confidence: 0.95 });
    expect(of(true)).toEqual({ estimate: 297 / 300, upper: 1, examples: 300 });
    expect(of(false).estimate).toBeCloseTo(99 / 300, 12);
    expect(of(false).upper).toBeGreaterThan(1 / 3);
    expect(of(false).upper).toBeLessThan(0.4);
  });

  it("is the largest weight of a finite prior, or the sum of those of the labels", () => {
    const image = new Float32Array(1);
    const candidates = [3, 1, 2, 2].map((weight, k) => ({ image, label: k % 2, weight }));
    expect(largestMassOf({ candidates, delta: 0 }, false)).toBe(3 / 8);
    expect(largestMassOf({ candidates, delta: 0 }, true)).toBe(5 / 8);
  });
});
