import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cosine, squaredDistance } from "../../src/adversary/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { Gradients, grad, input, type Shape, type ShapedNumbers, sizeOf, type Tensor } from "../../src/graph/index.ts";
import { type Model, models, variablesOf } from "../../src/models/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { compile, interpret, type Program } from "../../src/runtime/index.ts";
import { spread, uniforms } from "./draws.ts";

interface Summary {
  shape: number[];
  zero?: boolean;
  norm: number;
  sum: number;
  dots: [number, number];
  entries: number[];
}
interface Variable {
  name: string;
  shape: number[];
  index: number;
  center: number;
  bound: number;
}
interface Point {
  value: number;
  gradient: Summary;
}
interface Fixture {
  model: string;
  mode: "train" | "eval";
  batch: number;
  labels: number[];
  loss: number;
  gradientNorm: number;
  gradients: Record<string, Summary>;
  cosine: Point;
  squared: Point;
}
const fixture = JSON.parse(readFileSync(new URL("gradients.json", import.meta.url), "utf8")) as {
  seed: number;
  inputBound: number;
  cases: Fixture[];
  networks: Record<string, { parameters: Variable[]; buffers: Variable[] }>;
};

const key = keyFromSeed(fixture.seed);
const task = { shape: [3, 32, 32], classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } };

/**
 * How far an array is from a summarized one, relative to the norm (`scale` where the true one is
 * zero).
 */
function compare(actual: ArrayLike<number>, summary: Summary, place: number, scale: number, tolerance: number, what: string): void {
  const n = sizeOf(summary.shape);
  expect(actual.length, what).toBe(n);
  let square = 0;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    square += actual[i]! ** 2;
    sum += actual[i]!;
  }
  if (summary.zero) {
    expect(Math.sqrt(square), `${what} is zero`).toBeLessThan(tolerance * scale);
    return;
  }
  const within = tolerance * summary.norm;
  expect(Math.abs(Math.sqrt(square) - summary.norm), `norm of ${what}`).toBeLessThan(within);
  expect(Math.abs(sum - summary.sum), `sum of ${what}`).toBeLessThan(within * Math.sqrt(n));
  summary.dots.forEach((dot, which) => {
    let product = 0;
    uniforms(key, 3000 + 2 * place + which, n).forEach((u, i) => {
      product += u >= 0.5 ? actual[i]! : -actual[i]!;
    });
    expect(Math.abs(product - dot), `dot ${which} of ${what}`).toBeLessThan(3 * within);
  });
  const places = n <= 256 ? Array.from({ length: n }, (_, i) => i) : [...uniforms(key, 4000 + place, 256)].map((u) => Math.floor(u * n));
  places.forEach((at, i) => {
    expect(Math.abs(actual[at]! - summary.entries[i]!), `entry ${at} of ${what}`).toBeLessThan(within);
  });
}

function expressions(model: Model, { mode, batch, labels }: Fixture, network: { parameters: Variable[]; buffers: Variable[] }) {
  const weights = new Map<string, ShapedNumbers>(
    [...network.parameters, ...network.buffers].map(({ name, shape, index, center, bound }) => [
      name,
      { shape, data: spread(key, index, shape, bound, center) },
    ]),
  );
  const one = fedSgd({ model, weights, mode });
  const shape: Shape = [batch, 3, 32, 32];
  const x = input("x", shape);
  const y = input("y", [batch, 10]);
  const own = one.update({ x, y });
  const update = new Gradients(new Map(one.parameters.map((parameter) => [parameter.name, input(`g.${parameter.name}`, parameter.shape)])));
  const objective = (value: Tensor) => ({ value, gradient: grad(value, [x])[0]! });
  const cosineOf = objective(cosine.given(one)({ x, y }).logProb(update).neg());
  const squaredOf = objective(squaredDistance.given(one)({ x, y }).logProb(update).neg());
  return {
    gradients: Object.fromEntries(own.names.map((name) => [name, own.entries(name)])),
    objectives: {
      cosine: cosineOf.value,
      cosineGradient: cosineOf.gradient,
      squared: squaredOf.value,
      squaredGradient: squaredOf.gradient,
    },
    feeds: (index: number) => ({
      x: spread(key, index, shape, fixture.inputBound),
      y: Float32Array.from({ length: batch * 10 }, (_, i) => Number(labels[Math.floor(i / 10)] === i % 10)),
    }),
  };
}

describe.each(fixture.cases.map((each) => [`${each.model} in ${each.mode} mode, batch ${each.batch}`, each] as const))(
  "%s equals PyTorch",
  (_, each) => {
    const network = fixture.networks[each.model]!;
    const model = models.build(each.model, task);

    it("has the names and shapes of the state_dict", () => {
      expect(variablesOf(model).map(({ name, shape }) => [name, shape])).toEqual(
        [...network.parameters, ...network.buffers].map(({ name, shape }) => [name, shape]),
      );
    });

    it.each([
      ["float64", 1e-5, (outputs: Record<string, Tensor>) => Promise.resolve(interpret(outputs) as Program)],
      ["float32", 1e-3, (outputs: Record<string, Tensor>) => compile(outputs, { threads: 2 }) as Promise<Program>],
    ] as const)("in %s", async (precision, tolerance, open) => {
      const { gradients, objectives, feeds } = expressions(model, each, network);
      const first = await open(gradients);
      const sent = await first.run(feeds(2000));
      await first.dispose();
      Object.entries(each.gradients).forEach(([name, summary], place) => {
        compare(sent[name]!, summary, place, each.gradientNorm, tolerance, name);
      });
      const second = await open(objectives);
      const found = await second.run({
        ...feeds(2001),
        ...Object.fromEntries(Object.entries(sent).map(([name, data]) => [`g.${name}`, data])),
      });
      await second.dispose();
      for (const kind of ["cosine", "squared"] as const) {
        expect(Math.abs(found[kind]![0]! - each[kind].value), `${kind} in ${precision}`).toBeLessThan(
          tolerance * Math.abs(each[kind].value),
        );
        compare(found[`${kind}Gradient`]!, each[kind].gradient, 100, 0, tolerance, `${kind} gradient`);
      }
    });
  },
);
