import { describe, expect, it } from "vitest";
import { assuming, cosine, type Progress, type Round, squaredDistance } from "../../src/adversary/index.ts";
import { lowRank, observedFactors } from "../../src/adversary/low-rank.ts";
import { fedSgd } from "../../src/client/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { adam, constantRate } from "../../src/optimizers/index.ts";
import { priors } from "../../src/priors/index.ts";
import { fillNormal, fillUniform, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { oneHot, simulate } from "../../src/scenario/index.ts";

const [m, n] = [60, 45];
const normal = (size: number, seed: number): Float32Array => {
  const out = new Float32Array(size);
  fillNormal(keyFromSeed(seed), out);
  return out;
};
/** leftᵀ · right in float32, as a dense layer's gradient comes. */
const product = (left: Float32Array, right: Float32Array, rank: number): Float32Array =>
  Float32Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < rank; k++) sum = Math.fround(sum + Math.fround(left[k * m + Math.floor(at / n)]! * right[k * n + (at % n)]!));
    return sum;
  });
const norm = (numbers: Float32Array): number => Math.sqrt(numbers.reduce((sum, entry) => sum + entry * entry, 0));

describe("a matrix of low rank", () => {
  it.each([1, 2, 5, 8])("is factored to the rounding of its entries, rank %i", (rank) => {
    const data = product(normal(rank * m, 1), normal(rank * n, 2), rank);
    const found = lowRank(data, m, n, rank)!;
    expect([found.left.length, found.right.length]).toEqual([rank * m, rank * n]);
    const rebuilt = product(found.left, found.right, rank);
    expect(norm(rebuilt.map((entry, i) => entry - data[i]!)) / norm(data)).toBeLessThan(3e-6);
  });

  it("is found with fewer ranks than allowed, with rows of zeros, and in separate blocks", () => {
    const one = product(normal(m, 1), normal(n, 2), 1);
    const dead = one.map((entry, at) => (Math.floor(at / n) % 3 === 0 ? entry : 0));
    const blocks = one.map((entry, at) => (Math.floor(at / n) < 20 === at % n < 15 ? entry : 0));
    for (const [data, rank] of [
      [one, 3],
      [dead, 1],
      [blocks, 2],
      [new Float32Array(m * n), 1],
    ] as const) {
      const found = lowRank(data, m, n, rank)!;
      const rebuilt = product(found.left, found.right, rank);
      expect(norm(rebuilt.map((entry, i) => entry - data[i]!))).toBeLessThanOrEqual(3e-6 * norm(data));
    }
    expect(lowRank(blocks, m, n, 1)).toBeUndefined();
  });

  it("is told from one of higher rank, one with a little noise, and one with a single other entry", () => {
    const data = product(normal(2 * m, 1), normal(2 * n, 2), 2);
    expect(lowRank(data, m, n, 1)).toBeUndefined();
    const noise = normal(m * n, 3);
    expect(
      lowRank(
        data.map((entry, i) => entry + 1e-4 * noise[i]!),
        m,
        n,
        2,
      ),
    ).toBeUndefined();
    const spiked = data.slice();
    spiked[7 * n + 3]! += 0.1;
    expect(lowRank(spiked, m, n, 2)).toBeUndefined();
  });
});

describe("an attack on an update without noise", () => {
  const model = models.build("mlp:sizes=64/64", { shape: [3, 8, 8], classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } });
  const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(3)) });
  const [lanes, batchSize] = [2, 3];
  const x = new Float32Array(lanes * batchSize * 192);
  fillUniform(keyFromSeed(4), x);
  const labels = oneHot([1, 4, 2, 2, 0, 9], 10);
  const keys = [0, 1].map((i) => foldIn(keyFromSeed(9), i));
  const observe = (defense: string): Promise<Round> =>
    simulate({ client: one, defense: defenses.build(defense) }, { lanes, batchSize, x, y: labels }, keys, { threads: 1 });
  const thinIn = (round: Round) => observedFactors(round, { lanes, batchSize });

  it("has the factors of its dense layers, where that is cheaper; one with noise has none", async () => {
    expect([...thinIn(await observe("none")).keys()]).toEqual(["0.weight", "2.weight"]);
    expect(thinIn(await observe("gaussian:sigma=1e-5")).size).toBe(0);
  });

  for (const likelihood of [cosine, squaredDistance])
    it(`takes the steps that it takes when all entries are read: ${likelihood.name}`, async () => {
      const round = await observe("none");
      // One entry that no product of three rows explains, too small to matter otherwise.
      const spoiled = new Map([...round.updates].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
      for (const name of ["0.weight", "2.weight"]) spoiled.get(name)!.data[5]! += 2e-5 * norm(spoiled.get(name)!.data);
      expect(thinIn({ ...round, updates: spoiled }).size).toBe(0);
      const search = {
        optimizer: adam(),
        steps: 15,
        rate: constantRate(0.05),
        start: "normal",
        box: true,
        restarts: 2,
        result: "last",
      } as const;
      const attack = assuming({ likelihood, prior: priors.build("tv:weight=0.001") }, search, { prior: "tv" });
      const run = async (updates: Round["updates"]) => {
        const values: number[] = [];
        let end: Progress | undefined;
        for await (const progress of attack.reconstruct({ rounds: [{ ...round, updates }], lanes, batchSize, labels }, keys, {
          threads: 1,
        })) {
          values.push(...progress.lanes().map(({ objective }) => objective!));
          end = progress;
        }
        return { values, inputs: end!.inputs() };
      };
      const [thin, full] = [await run(round.updates), await run(spoiled)];
      expect(thin.values.length).toBe(30);
      thin.values.forEach((value, i) => {
        expect(Math.abs(value / full.values[i]! - 1)).toBeLessThan(1e-3);
      });
      expect(norm(thin.inputs.map((p, i) => p - full.inputs[i]!)) / norm(full.inputs)).toBeLessThan(1e-2);
    });
});
