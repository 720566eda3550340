import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fedSgd } from "../../src/client/index.ts";
import { constant, type ShapedNumbers, sizeOf } from "../../src/graph/index.ts";
import { estimateStatistics, models } from "../../src/models/index.ts";
import { densityOf, priors } from "../../src/priors/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { spread } from "./draws.ts";

interface Drawn {
  readonly name: string;
  readonly shape: readonly number[];
  readonly index: number;
  readonly center: number;
  readonly bound: number;
}
// priors.py beside this file
const fixture = JSON.parse(readFileSync(new URL("priors.json", import.meta.url), "utf8")) as {
  seed: number;
  shape: readonly number[];
  mean: readonly number[];
  std: readonly number[];
  values: Record<string, number>;
  batchNorm: {
    fillSeed: number;
    parameters: readonly Drawn[];
    buffers: readonly Drawn[];
    cases: readonly { mode: "eval" | "train"; batch: number; distances: readonly number[] }[];
    estimated: { batch: number; batches: number } & Record<string, readonly number[]>;
  };
};
const key = keyFromSeed(fixture.seed);

describe("priors equal PyTorch's", () => {
  const { shape, mean, std } = fixture;
  const model = models.build("mlp:sizes=4", { shape: shape.slice(1), classes: 2, normalization: { mean, std } });
  const one = fedSgd({ model, weights: new Map() });
  const x = constant(spread(key, 0, shape, 2), shape);
  const y = constant([1, 0, 1, 0], [2, 2]);
  it.each(Object.entries(fixture.values))("%s", (spec, value) => {
    const own = evaluate([densityOf(priors.build(spec), one).logProb({ x, y })])[0]!.data[0]!;
    expect(Math.abs(own / value - 1)).toBeLessThan(1e-10);
  });
});

describe("batch normalization", () => {
  const { fillSeed, parameters, buffers, cases, estimated } = fixture.batchNorm;
  const task = { shape: [3, 32, 32], classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } };
  const model = models.build("convnet:width=2", task);
  const weights = new Map(
    [...parameters, ...buffers].map(({ name, shape, index, center, bound }): [string, ShapedNumbers] => [
      name,
      { shape, data: spread(keyFromSeed(fillSeed), index, shape, bound, center) },
    ]),
  );

  it.each(cases)("distances of statistics in $mode mode, batch of $batch, equal PyTorch's", ({ mode, batch, distances }) => {
    const one = fedSgd({ model, weights, mode });
    const x = constant(spread(key, 1, [batch, 3, 32, 32], 2), [batch, 3, 32, 32]);
    const at = (spec: string) => -evaluate([densityOf(priors.build(spec), one).logProb({ x, y: x })])[0]!.data[0]!;
    const sum = (factor: (i: number) => number) => distances.reduce((total, distance, i) => total + factor(i) * distance, 0);
    expect(at("batch-norm:weight=1")).toBeCloseTo(
      sum((i) => (i === 0 ? 10 : 1)),
      7,
    );
    expect(at("batch-norm:weight=0.5,first=3")).toBeCloseTo(0.5 * sum((i) => (i === 0 ? 3 : 1)), 7);
    expect(at("batch-norm:weight=1,layers=2/7")).toBeCloseTo(distances[2]! + distances[7]!, 7);
  });

  it("running statistics of training images equal those of PyTorch's passes", async () => {
    const { batch, batches } = estimated;
    const all = spread(key, 2, [batch * batches, ...task.shape], 2);
    const size = sizeOf(task.shape);
    const examples = { count: batch * batches + 3, image: (i: number) => all.slice(i * size, (i + 1) * size) };
    const found = await estimateStatistics(model, weights, examples, { batch, threads: 1 });
    for (const { name } of model.statistics)
      found.get(name)!.data.forEach((entry, c) => {
        expect(Math.abs(entry - estimated[name]![c]!), `${name}, channel ${c}`).toBeLessThan(1e-4 * (1 + Math.abs(entry)));
      });
    for (const { name } of model.parameters) expect(found.get(name)).toBe(weights.get(name));
  });
});
