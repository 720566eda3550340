import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type Filler,
  fillBernoulli,
  fillLaplace,
  fillNormal,
  fillTruncatedNormal,
  fillUniform,
  foldIn,
  keyFromSeed,
  randomBits,
  split,
} from "../../src/random/index.ts";

// All from JAX 0.10 on a processor, after jax.config.update("jax_threefry_partitionable", True),
// with k = jax.random.key(42); nine digits are exact for float32.
const k = keyFromSeed(42);
const long = 2 ** 20;
const draw = (fill: Filler, count: number): Float32Array => {
  const out = new Float32Array(count);
  fill(k, out);
  return out;
};
const sha256 = (words: Uint32Array | Float32Array) => createHash("sha256").update(words).digest("hex");
/**
 * Equal to JAX within 1e-6, or within 1e-6 of its size above 1, where a float32 has no finer steps.
 */
const expectClose = (ours: Iterable<number>, theirs: readonly number[]) => {
  const actual = [...ours];
  expect(actual).toHaveLength(theirs.length);
  for (const [i, x] of theirs.entries()) expect(Math.abs(actual[i]! - x), `entry ${i}`).toBeLessThan(1e-6 * Math.max(1, Math.abs(x)));
};

describe("keys equal JAX's", () => {
  it("from a seed", () => {
    // with jax.enable_x64(True): [jax.random.key_data(jax.random.key(s)) for s in …]
    expect(keyFromSeed(0)).toEqual([0, 0]);
    expect(keyFromSeed(2 ** 32 - 1)).toEqual([0, 4294967295]);
    expect(keyFromSeed(2 ** 40 + 5)).toEqual([256, 5]);
    expect(keyFromSeed(2n ** 63n - 1n)).toEqual([2147483647, 4294967295]);
    expect(keyFromSeed(-1)).toEqual([4294967295, 4294967295]);
    expect(keyFromSeed(-(2n ** 63n))).toEqual([2147483648, 0]);
  });

  it("folded with a number", () => {
    // [jax.random.fold_in(k, d) for d in (0, 1, 7, 2**31, 2**32 - 1)]
    expect([0, 1, 7, 2 ** 31, 2 ** 32 - 1].map((data) => foldIn(k, data))).toEqual([
      [1832780943, 270669613],
      [64467757, 2916123636],
      [2547012911, 1371500959],
      [3181546281, 2228815013],
      [2398536845, 3890976714],
    ]);
    // jax.random.fold_in(jax.random.fold_in(jax.random.key(123456789), 3), 9)
    expect(foldIn(foldIn(keyFromSeed(123456789), 3), 9)).toEqual([3167736769, 2131213323]);
  });

  it("split", () => {
    // jax.random.split(k, 4)
    expect(split(k, 4)).toEqual([
      [1832780943, 270669613],
      [64467757, 2916123636],
      [2465931498, 255383827],
      [3134548294, 894150801],
    ]);
  });
});

describe("draws equal JAX's", () => {
  it("bits, each one", () => {
    const bits = randomBits(k, long);
    // jax.random.bits(k, (2**20,))
    expect([...bits.subarray(0, 6)]).toEqual([2098992034, 2919706841, 2646866425, 2409546199, 1935504149, 2516274904]);
    expect(sha256(bits)).toBe("0906eb622ad149be8c21bfc710b6f12c18c11146e0517d38b9a88673631433f4");
  });

  it("uniform, each bit", () => {
    const uniform = draw(fillUniform, long);
    // jax.random.uniform(k, (2**20,))
    expectClose(uniform.subarray(0, 6), [0.488709569, 0.679797173, 0.616271496, 0.561016083, 0.450644612, 0.585865855]);
    expect(sha256(uniform)).toBe("b7626ce22795b8b7bf59f77e83e067a8527c7247f8deeb3bc003e1ad83e9a2db");
  });

  it("bernoulli, each one", () => {
    // jax.random.bernoulli(k, 0.3, (2**20,)).astype(jnp.float32)
    expect(sha256(draw(fillBernoulli(0.3), long))).toBe("b6a3538688ade89a76e01dca70fb6daf26a942dd2ac6c37cfbd69eb2d06d5679");
  });

  // The four smallest, the four largest and the three nearest to 0 of jax.random.normal(k,
  // (2**20,)).
  const extremes = [989131, 969182, 432800, 78702, 933386, 210585, 724483, 269600, 427182, 435759, 429533];

  it("normal, to 1e-6, far into the tails", () => {
    const normal = draw(fillNormal, long);
    expectClose(normal.subarray(0, 6), [-0.028304616, 0.467131853, 0.295702964, 0.153545916, -0.124032818, 0.216923147]);
    expectClose(
      extremes.map((i) => normal[i]!),
      [
        -5.01279783, -4.71276426, -4.67632389, -4.4803915, 4.48383284, 4.54768038, 4.63807583, 4.63807583, -4.1086837e-6, -5.60274975e-6,
        8.74029047e-6,
      ],
    );
    // numpy.square(jax.random.normal(k, (2**20,)), dtype=numpy.float64).sum(), and without the
    // square
    expect(normal.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1048785.767872, 0);
    expect(normal.reduce((sum, x) => sum + x, 0)).toBeCloseTo(417.847113, 1);
  });

  it("truncated normal, to 1e-6", () => {
    // jax.random.truncated_normal(k, -2, 2, (6,))
    expectClose(draw(fillTruncatedNormal, 6), [-0.0270164981, 0.44438082, 0.281877071, 0.146508053, -0.1183623, 0.206907481]);
  });

  it("laplace, to 1e-6, far into the tails", () => {
    const laplace = draw(fillLaplace, long);
    // jax.random.laplace(k, (2**20,))
    expectClose(laplace.subarray(0, 6), [0.0228396524, -0.445653558, -0.264672905, -0.130145386, 0.103929006, -0.188418224]);
    expectClose(
      extremes.map((i) => laplace[i]!),
      [
        14.4383078, 12.9219599, 12.7437124, 11.8072186, -11.823348, -12.1246729, -12.5579948, -12.5579948, 3.27826092e-6, 4.47035836e-6,
        -6.97376754e-6,
      ],
    );
    expect(laplace.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(2099339.351729, 0);
  });
});
