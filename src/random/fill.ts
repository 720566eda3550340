import { type KeyBits, split, threefry } from "./threefry.ts";

/** Fills an array with independent float32 draws that the key determines. */
export type Filler = (key: KeyBits, out: Float32Array | Float64Array) => void;

/** The largest float32 below −1's negative: the open end of (−1, 1) that JAX draws from before it inverts a distribution function. */
const lowest = Math.fround(-1 + 2 ** -24);

/** Writes change(u) for u = 0, 2⁻²³, …, 1 − 2⁻²³, with the bits that `jax.random.uniform` uses. */
function fillFrom([k0, k1]: KeyBits, out: Float32Array | Float64Array, change: (u: number) => number): void {
  const block = new Int32Array(2);
  for (let i = 0; i < out.length; i++) {
    threefry(k0 | 0, k1 | 0, 0, i, block);
    out[i] = Math.fround(change(((block[0]! ^ block[1]!) >>> 9) * 2 ** -23));
  }
}

/** U[0, 1), as `jax.random.uniform`. */
export const fillUniform: Filler = (key, out) => fillFrom(key, out, (u) => u);

/** JAX's uniform between two numbers, in float32. */
const between = (u: number, from: number, to: number): number =>
  Math.max(from, Math.fround(Math.fround(u * Math.fround(to - from)) + from));

/** Inverse error function in single precision (Giles 2012, "Approximating the erfinv function"). */
function inverseErf(x: number): number {
  let w = -Math.log1p(-x * x);
  let p: number;
  if (w < 5) {
    w -= 2.5;
    p = 2.81022636e-8;
    p = 3.43273939e-7 + p * w;
    p = -3.5233877e-6 + p * w;
    p = -4.39150654e-6 + p * w;
    p = 0.00021858087 + p * w;
    p = -0.00125372503 + p * w;
    p = -0.00417768164 + p * w;
    p = 0.246640727 + p * w;
    p = 1.50140941 + p * w;
  } else {
    w = Math.sqrt(w) - 3;
    p = -0.000200214257;
    p = 0.000100950558 + p * w;
    p = 0.00134934322 + p * w;
    p = -0.00367342844 + p * w;
    p = 0.00573950773 + p * w;
    p = -0.0076224613 + p * w;
    p = 0.00943887047 + p * w;
    p = 1.00167406 + p * w;
    p = 2.83297682 + p * w;
  }
  return p * x;
}

/** N(0, 1), as `jax.random.normal`. */
export const fillNormal: Filler = (key, out) => fillFrom(key, out, (u) => Math.SQRT2 * inverseErf(between(u, lowest, 1)));

/** erf(√2): the part of a unit normal within two standard deviations. */
const withinTwo = Math.fround(0.9544997361036416);

/** N(0, 1) truncated at ±2, as `jax.random.truncated_normal(key, -2, 2)`. */
export const fillTruncatedNormal: Filler = (key, out) =>
  fillFrom(key, out, (u) => Math.SQRT2 * inverseErf(between(u, -withinTwo, withinTwo)));

/** Laplace(0, 1), as `jax.random.laplace`. */
export const fillLaplace: Filler = (key, out) =>
  fillFrom(key, out, (u) => {
    const v = between(u, lowest, 1);
    return -Math.sign(v) * Math.log1p(-Math.abs(v));
  });

/** 1 with probability p, else 0, as `jax.random.bernoulli`. */
export const fillBernoulli =
  (p: number): Filler =>
  (key, out) =>
    fillFrom(key, out, (u) => (u < Math.fround(p) ? 1 : 0));

/** Rows of `dimension` numbers, each uniform in the unit ball: a normal's direction at radius U^(1/dimension). */
export const fillUnitBall =
  (dimension: number): Filler =>
  (key, out) => {
    const [directions, lengths] = split(key, 2) as [KeyBits, KeyBits];
    fillNormal(directions, out);
    const radii = new Float64Array(out.length / dimension);
    fillUniform(lengths, radii);
    radii.forEach((u, row) => {
      const point = out.subarray(row * dimension, (row + 1) * dimension);
      const norm = Math.hypot(...point);
      const scale = u ** (1 / dimension) / norm;
      for (let i = 0; i < dimension; i++) point[i] = Math.fround(point[i]! * scale);
    });
  };
