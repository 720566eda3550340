import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { constant } from "../../src/graph/index.ts";
import { cholesky, invertLower } from "../../src/priors/cholesky.ts";
import { cosineBasis } from "../../src/priors/cosine-basis.ts";
import { logDensities, whiteningOf } from "../../src/priors/gaussian-mixture.ts";
import { expectation, type Mixture, maximize } from "../../src/priors/mixture-fit.ts";
import { patchesOf } from "../../src/priors/patches.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { spread } from "./draws.ts";

// mixtures.py beside this file
const fixture = JSON.parse(readFileSync(new URL("mixtures.json", import.meta.url), "utf8")) as {
  seed: number;
  points: { count: number; d: number; k: number; floor: number; iterations: number };
  fitted: { weights: number[]; means: number[]; covariances: number[]; score: number; logDensities: number[] };
  patches: { shape: number[]; side: number; stride: number; means: number[]; covariances: number[]; weights: number[]; value: number };
};
const key = keyFromSeed(fixture.seed);
const near = (own: ArrayLike<number>, theirs: readonly number[], what: string) =>
  theirs.forEach((value, i) => {
    expect(Math.abs(own[i]! - value), `${what}, entry ${i}`).toBeLessThan(1e-8 * (1 + Math.abs(value)));
  });

/** a b for matrices [n, m] and [m, p], the second transposed where asked. */
function product(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [n, m, p]: readonly [number, number, number],
  transposed = false,
): Float64Array {
  return Float64Array.from({ length: n * p }, (_, at) => {
    const [i, j] = [Math.floor(at / p), at % p];
    let sum = 0;
    for (let l = 0; l < m; l++) sum += a[i * m + l]! * b[transposed ? j * m + l : l * p + j]!;
    return sum;
  });
}

describe("a mixture by expectation-maximization equals scikit-learn's", () => {
  const { count, d, k, floor, iterations } = fixture.points;
  const cubes = spread(key, 0, [count, d], 1);
  const data = Float64Array.from(cubes, (u, i) => u ** 3 + Number(i % d === Math.floor(i / d) % k));
  const points = { d, count, data };
  const clusters = Int32Array.from({ length: count }, (_, p) => p % k);
  let mixture = maximize(
    points,
    Array.from({ length: k }, (_, c) => ({
      points: Int32Array.from(clusters.keys()).filter((p) => clusters[p] === c),
      parts: new Float64Array(count / k).fill(1),
    })),
    floor,
  );
  for (let i = 0; i < iterations; i++) mixture = maximize(points, expectation(points, mixture, clusters).parts, floor);

  it("in weights, means and covariances", () => {
    near(mixture.weights, fixture.fitted.weights, "weights");
    near(mixture.means, fixture.fitted.means, "means");
    for (let c = 0; c < k; c++) {
      const factor = mixture.factors.slice(c * d * d, (c + 1) * d * d);
      near(product(factor, factor, [d, d, d], true), fixture.fitted.covariances.slice(c * d * d, (c + 1) * d * d), `covariance ${c}`);
    }
  });
  it("in likelihood, whichever components are guessed", () => {
    for (const guess of [clusters, new Int32Array(count)])
      expect(expectation(points, mixture, guess).logLikelihood).toBeCloseTo(fixture.fitted.score, 9);
  });
  it("in the density of other points", () => {
    const rows = constant(spread(key, 1, [20, d], 2), [20, d]);
    near(evaluate([logDensities(whiteningOf(mixture), rows)])[0]!.data, fixture.fitted.logDensities, "log densities");
  });
});

describe("the expected patch log-likelihood equals SciPy's", () => {
  const { shape, side, stride, means, covariances, weights, value } = fixture.patches;
  const n = shape[1]! * side * side;
  const d = n - 1;
  const basis = cosineBasis(shape[1]!, side);

  it("in a basis that is orthonormal and blind to the mean", () => {
    const gram = product(basis, basis, [d, n, d], true);
    for (let i = 0; i < d * d; i++) expect(gram[i]).toBeCloseTo(Number(i % (d + 1) === 0), 12);
    for (let i = 0; i < d; i++) expect(basis.slice(i * n, (i + 1) * n).reduce((a, b) => a + b)).toBeCloseTo(0, 12);
  });
  it("over all patches of two images", () => {
    const factors = weights.flatMap((_, c) => {
      const inside = product(basis, covariances.slice(c * n * n, (c + 1) * n * n), [d, n, n]);
      return [...cholesky(product(inside, basis, [d, n, d], true), d)];
    });
    const mixture: Mixture = {
      d,
      weights: Float64Array.from(weights),
      means: Float64Array.from(weights.flatMap((_, c) => [...product(basis, means.slice(c * n, (c + 1) * n), [d, n, 1])])),
      factors: Float64Array.from(factors),
      whiteners: Float64Array.from(
        weights.flatMap((_, c) => [...invertLower(Float64Array.from(factors.slice(c * d * d, (c + 1) * d * d)), d)]),
      ),
    };
    const rows = patchesOf(constant(spread(key, 2, shape, 0.5, 0.5), shape), side, stride);
    expect(evaluate([logDensities(whiteningOf(mixture, basis), rows).sum()])[0]!.data[0]! / value).toBeCloseTo(1, 8);
  });
});
