import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resultsBehind, sizesOf, type Workload } from "../../src/audit/sizing.ts";
import { fedSgd } from "../../src/client/index.ts";
import { input, sizeOf } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";

const vectors = { shape: [20], classes: 10, normalization: { mean: [0], std: [1] } };
const images = { shape: [3, 32, 32], classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } };

/** The workload of a point attack of 200 steps on a network. */
function workload(network: string, task: typeof vectors, changes: Partial<Workload> = {}): Workload {
  const model = models.build(models.parse(network), task);
  const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(0)) });
  const x = input("x", [1, ...task.shape]);
  const y = input("y", [1, task.classes]);
  return {
    update: model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    results: resultsBehind([...one.update({ x, y }).tensors.values()]),
    points: 1,
    restarts: 1,
    entries: true,
    steps: 200,
    ...changes,
  };
}

/** Bytes of the observed updates alone. */
const updates = ({ update }: Workload, lanes: number) => 4 * update * lanes;

describe("an audit", () => {
  it("attacks many draws of a small network together", () => {
    const { lanes } = sizesOf([workload("mlp:sizes=100", vectors)], 10_000);
    expect(lanes).toBeGreaterThanOrEqual(64);
    expect(lanes).toBeLessThanOrEqual(256);
    const thin = sizesOf([workload("mlp:sizes=64", vectors, { entries: false })], 10_000);
    expect(thin.lanes).toBeGreaterThan(lanes);
  });

  it("attacks few draws of a large one together, as many as its weights are worth reading for", () => {
    const load = workload("convbig", images);
    const { lanes } = sizesOf([load], 10_000);
    expect(lanes).toBe(8);
    expect(updates(load, lanes)).toBeLessThan(2e9);
    expect(sizesOf([workload("convnet:width=16", images, { entries: false })], 10_000).lanes).toBe(1);
  });

  it("stays within the memory that it is given", () => {
    const load = workload("convbig", images);
    for (const memory of [4e8, 8e8, 1.6e9]) {
      const { lanes } = sizesOf([load], 1000, { memory });
      expect(lanes).toBeLessThan(8);
      expect(lanes).toBe(Math.max(1, Math.floor(memory / (4 * (load.update + 3 * (load.update + load.results))))));
    }
  });

  it("attacks fewer draws together where each has more points or restarts", () => {
    const lanes = (changes: Partial<Workload>) => sizesOf([workload("mlp:sizes=100", vectors, changes)], 100_000).lanes;
    expect(lanes({ points: 16 })).toBeLessThan(lanes({}) / 8);
    expect(lanes({ points: 4, restarts: 4 })).toBe(lanes({ points: 16 }));
  });

  it("has the lanes that all its attacks can have", () => {
    const [light, heavy] = [workload("mlp:sizes=100", vectors), workload("mlp:sizes=100", vectors, { points: 16 })];
    expect(sizesOf([light, heavy], 1000).lanes).toBe(sizesOf([heavy], 1000).lanes);
  });

  it("cuts its draws into whole parts that are nearly equal, and finishes a chunk in time", () => {
    const load = workload("mlp:sizes=100", vectors);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 100_000 }), (samples, steps) => {
        const { lanes, chunk } = sizesOf([{ ...load, steps }], samples);
        expect(lanes).toBeLessThanOrEqual(samples);
        // The padding of the last part is less than a lane for each part.
        const parts = Math.ceil(samples / lanes);
        expect(parts * lanes - samples).toBeLessThan(parts);
        expect(chunk === samples || chunk % lanes === 0).toBe(true);
        expect(chunk).toBeGreaterThanOrEqual(lanes);
      }),
    );
    const chunk = (steps: number) => sizesOf([{ ...load, steps }], 1_000_000).chunk;
    expect(chunk(200)).toBeGreaterThan(chunk(2000));
    expect(chunk(1e6)).toBe(sizesOf([load], 1_000_000).lanes);
  });

  it("counts what lies between a batch and its gradient", () => {
    const x = input("x", [3]);
    const [a, b] = [x.mul(2), x.add(1)];
    expect(resultsBehind([a.mul(b), b])).toBe(3);
    expect(resultsBehind([a.mul(b).sum()])).toBe(9);
  });
});
