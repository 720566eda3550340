import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { crossEntropy } from "../../src/client/index.ts";
import { type Federation, initialTraining, openTraining } from "../../src/federated/index.ts";
import { type ShapedNumbers, sizeOf } from "../../src/graph/index.ts";
import { models } from "../../src/models/index.ts";
import { adam, sgd, withWeightDecay } from "../../src/optimizers/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { spread, uniforms } from "./draws.ts";

interface Variable {
  name: string;
  shape: number[];
  index: number;
  center: number;
  bound: number;
}
interface Case {
  model: string;
  batch: number;
  examples: number;
  optimizer: { kind: "sgd" | "adam"; rate: number; momentum: number; nesterov: boolean; weightDecay: number };
  network: { parameters: Variable[]; buffers: Variable[] };
  losses: number[];
  trained: Record<string, { norm: number; dots: number[]; entries: number[] }>;
}
const fixture = JSON.parse(readFileSync(new URL("training.json", import.meta.url), "utf8")) as {
  seed: number;
  inputBound: number;
  examplesIndex: number;
  cases: Case[];
};

const key = keyFromSeed(fixture.seed);
const shape = [3, 32, 32];
const task = { shape, classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } };

/** One client that trains as PyTorch does, with the weights that it starts at. */
function trainingOf({ model, batch, examples, optimizer, network }: Case, precision: "float32" | "float64") {
  const { kind, rate, momentum, nesterov, weightDecay } = optimizer;
  const weights = new Map<string, ShapedNumbers>(
    [...network.parameters, ...network.buffers].map((each) => [
      each.name,
      { shape: each.shape, data: spread(key, each.index, each.shape, each.bound, each.center) },
    ]),
  );
  const images = spread(key, fixture.examplesIndex, [examples, ...shape], fixture.inputBound);
  const size = sizeOf(shape);
  const federation: Federation = {
    model: models.build(model, task),
    mode: "train",
    loss: crossEntropy,
    protocol: { kind: "fed-sgd" },
    defense: { steps: [] },
    optimizer: withWeightDecay(kind === "sgd" ? sgd({ momentum, nesterov }) : adam({ scaled: false }), weightDecay),
    rate: () => rate,
    statistics: { rule: "average", momentum: 0.1 },
    examples: {
      count: examples,
      image: (i) => images.slice(i * size, (i + 1) * size),
      label: (i) => (i * 7) % 10,
    },
    partition: [Array.from({ length: examples }, (_, i) => i)],
    taking: 1,
    batch,
    root: key,
    machine: { threads: 1, precision },
  };
  return { federation, weights };
}

describe("Steps of training equal PyTorch's", () => {
  const runs = fixture.cases.map((each) => {
    const exact = each.model.startsWith("convnet");
    return [each.model, each.optimizer.kind, exact ? "float64" : "float32", exact ? 1e-8 : 1e-3, each] as const;
  });
  it.each(runs)("%s by %s in %s", { timeout: 120_000 }, async (_model, _kind, precision, tolerance, each) => {
    const { federation, weights } = trainingOf(each, precision);
    const training = await openTraining(federation);
    let state = initialTraining(federation, weights);
    for (const [step, expected] of each.losses.entries()) {
      const outcome = await training.round(state);
      expect(Math.abs(outcome.losses[0]! - expected), `loss of step ${step}`).toBeLessThan(tolerance * expected);
      state = outcome.state;
    }
    await training.dispose();
    expect(Object.keys(each.trained).toSorted()).toEqual(Object.keys(state.weights).toSorted());
    for (const [place, [name, { norm, dots, entries }]] of Object.entries(each.trained).entries()) {
      const found = state.weights[name]!;
      const within = tolerance * norm;
      expect(Math.abs(Math.hypot(...chunked(found)) - norm), `norm of ${name}`).toBeLessThan(within);
      dots.forEach((dot, which) => {
        const signs = uniforms(key, 3000 + 2 * place + which, found.length);
        const product = found.reduce((sum, entry, i) => sum + (signs[i]! >= 0.5 ? entry : -entry), 0);
        expect(Math.abs(product - dot), `dot ${which} of ${name}`).toBeLessThan(3 * within);
      });
      const places =
        found.length <= 256
          ? entries.map((_, i) => i)
          : [...uniforms(key, 4000 + place, 256)].slice(0, entries.length).map((u) => Math.floor(u * found.length));
      places.forEach((at, i) => {
        expect(Math.abs(found[at]! - entries[i]!), `entry ${at} of ${name}`).toBeLessThan(within);
      });
    }
  });
});

/** Norms of pieces, whose norm is that of the whole. */
const chunked = (all: ArrayLike<number>): number[] =>
  Array.from({ length: Math.ceil(all.length / 4096) }, (_, i) => Math.hypot(...Array.prototype.slice.call(all, i * 4096, (i + 1) * 4096)));
