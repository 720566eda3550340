import { describe, expect, it } from "vitest";
import { type Batch, fedSgd } from "../../src/client/index.ts";
import type { Density } from "../../src/distributions/index.ts";
import { constant, grad, input, sizeOf, type Tensor, vmap } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { format } from "../../src/parts/index.ts";
import { densityOf, type PriorContext, priors, scoreOf } from "../../src/priors/index.ts";
import { fillUniform, foldIn, Key, keyFromSeed } from "../../src/random/index.ts";
import { compile, evaluate } from "../../src/runtime/index.ts";

const y = constant([1, 0], [1, 2]);
const draws = 800;

/**
 * A client, and training images that are uniform noise. Their labels are those of a labeling if
 * there is one.
 */
function setting(shape: readonly number[], name: string, labeling?: Float32Array) {
  const model = models.build(name, { shape, classes: 2, normalization: { mean: [0.4], std: [0.25] } });
  const context: PriorContext = {
    examples: {
      count: 60,
      ...(labeling ? { labeling } : {}),
      image: (i) => {
        const image = new Float32Array(sizeOf(shape));
        fillUniform(foldIn(keyFromSeed(3), i), image);
        return image;
      },
    },
  };
  return { shape, size: sizeOf(shape), one: fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) }), context };
}
const usual = setting([1, 9, 9], "convnet:width=1");
/** A mixture of whole images takes small ones only. */
const settings: Readonly<Record<string, typeof usual>> = {
  mixture: setting([1, 3, 3], "mlp:sizes=4"),
  // Uniform noise is positive, so class 0 has the larger product.
  "gaussian-cone": setting([4], "mlp:sizes=4", Float32Array.of(1, 2, 1, 1, -1, 0, 0.5, -2)),
};

/** Kinds that are not complete by themselves, or would take long. */
const specs: Readonly<Record<string, string>> = {
  "patch-mixture": "patch-mixture:components=4,patches=400,iterations=3",
  weighted: "weighted:prior=(gaussian+tv),weight=0.5",
};

/**
 * How far one entry of each draw is from its law given the others, as a Kolmogorov–Smirnov
 * distance: the distribution function ∫ exp log p(x + t e) of that entry at its value is uniform
 * where draws follow the law.
 */
async function distanceFromLaw(
  { logProb }: Density<Batch>,
  drawn: Float64Array,
  shape: readonly number[],
  [low, high]: readonly [number, number],
) {
  const size = sizeOf(shape);
  const grid = Array.from({ length: 91 }, (_, i) => low + ((high - low) * (i + 0.5)) / 91);
  const score = vmap((x: Tensor) => logProb({ x, y }).add(x.sum().mul(0)))(input("x", [grid.length, 1, ...shape]));
  const program = await compile({ score }, { threads: 1 });
  const moved = new Float32Array(grid.length * size);
  const places: number[] = [];
  for (let i = 0; i < drawn.length / size; i++) {
    const entry = (i * 7) % size;
    const own = drawn.slice(i * size, (i + 1) * size);
    grid.forEach((value, j) => {
      moved.set(own, j * size);
      moved[j * size + entry] = value;
    });
    const logs = Float64Array.from((await program.run({ x: moved })).score);
    const top = logs.reduce((most, log) => Math.max(most, log), Number.NEGATIVE_INFINITY);
    let [below, all] = [0, 0];
    logs.forEach((log, j) => {
      const mass = Math.exp(log - top);
      // The share of the cell around the grid point that lies below the value.
      below += mass * Math.min(1, Math.max(0, (own[entry]! - grid[j]!) / (grid[1]! - grid[0]!) + 0.5));
      all += mass;
    });
    places.push(below / all);
  }
  await program.dispose();
  places.sort((a, b) => a - b);
  return Math.max(...places.map((place, i) => Math.abs(place - (i + 0.5) / places.length)));
}

describe.each(priors.list().map(({ kind }) => kind))("%s", (kind) => {
  const spec = priors.parse(specs[kind] ?? kind);
  const { shape, size, one, context } = settings[kind] ?? usual;
  const prior = priors.build(spec, context);

  it("is rebuilt by its spec, as data and as text", () => {
    expect(priors.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    expect(priors.parse(format(spec))).toEqual(spec);
  });

  it("says what it is and what its parameters are", () => {
    const { doc, params } = priors.list().find((row) => row.kind === kind)!;
    expect(doc).toMatch(/^[A-Z].*\.$/);
    for (const parameter of params) expect(parameter.doc, parameter.name).toMatch(/^[A-Z].*\.$/);
  });

  it("scores an image, and its score has a gradient", () => {
    const x = input("x", [1, ...shape]);
    const value = densityOf(prior, one).logProb({ x, y });
    expect(value.shape).toEqual([]);
    const [score, gradient, slope] = evaluate([value, grad(value, [x])[0]!, scoreOf(prior, one)({ x, y })], {
      x: Float64Array.from(context.examples!.image(100), (pixel) => (pixel - 0.4) / 0.25),
    });
    expect(score!.data[0]).toSatisfy(Number.isFinite);
    expect([...gradient!.data].every(Number.isFinite)).toBe(true);
    slope!.data.forEach((entry, i) => void expect(entry).toBeCloseTo(gradient!.data[i]!, 6));
  });

  it("draws what it scores", async () => {
    if (!prior.density || !prior.sample) return;
    const sample = prior.sample(one, draws);
    const draw = (seed: number) => evaluate([sample(new Key(input("key", [2], "key")))], { key: keyFromSeed(seed) })[0]!;
    const drawn = draw(5);
    expect(drawn.shape).toEqual([draws, ...shape]);
    expect(draw(5).data).toEqual(drawn.data);
    expect(draw(6).data).not.toEqual(drawn.data);
    const density = prior.density(one);
    const all = evaluate([density.logProb({ x: constant(drawn.data, [draws, ...shape]), y })])[0]!;
    expect(all.data[0]).toSatisfy(Number.isFinite);
    // A uniform law says nothing about its support, which is the search's.
    const support = kind === "uniform" ? ([-1.6, 2.4] as const) : ([-9, 9] as const);
    expect(drawn.data.length).toBe(draws * size);
    // A level of 1 %, for fixed draws: scales that differ by √2 are found out.
    expect(await distanceFromLaw(density, drawn.data, shape, support)).toBeLessThan(1.63 / Math.sqrt(draws));
  });
});
