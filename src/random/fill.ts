import { laplaceQuantile, normalQuantile } from "./quantile.ts";
import { forEachChunk, type KeyBits, split } from "./threefry.ts";

/**
 * Fills an array with independent float32 draws that the key determines; a Float64Array gets the
 * same values.
 */
export type Filler = (key: KeyBits, out: Float32Array | Float64Array) => void;

/**
 * The smallest float32 above −1: JAX draws from (−1, 1) before it inverts a distribution function.
 */
const lowest = -1 + 2 ** -24;

/** The fraction that `jax.random.uniform` makes of 32 random bits. */
const fraction = (word: number): number => (word >>> 9) * 2 ** -23;

/** JAX's uniform in (−1, 1). */
const symmetric = (word: number): number => Math.fround(2 * fraction(word) + lowest);

// One loop a distribution, not one with a function argument: the compiler then inlines what a draw
// needs, which doubles the rate.

/** U[0, 1), as `jax.random.uniform`. */
export const fillUniform: Filler = (key, out) =>
  forEachChunk(key, out.length, (words, from, length) => {
    for (let i = 0; i < length; i++) out[from + i] = fraction(words[i]!);
  });

/** N(0, 1), as `jax.random.normal`. */
export const fillNormal: Filler = (key, out) =>
  forEachChunk(key, out.length, (words, from, length) => {
    for (let i = 0; i < length; i++) out[from + i] = Math.fround(normalQuantile(symmetric(words[i]!)));
  });

/** erf(√2): the part of a unit normal within two standard deviations. */
const withinTwo = Math.fround(0.9544997361036416);

/** N(0, 1) truncated at ±2, as `jax.random.truncated_normal(key, -2, 2)`. */
export const fillTruncatedNormal: Filler = (key, out) =>
  forEachChunk(key, out.length, (words, from, length) => {
    for (let i = 0; i < length; i++)
      out[from + i] = Math.fround(normalQuantile(Math.fround(2 * withinTwo * fraction(words[i]!) - withinTwo)));
  });

/** Laplace(0, 1), as `jax.random.laplace`. */
export const fillLaplace: Filler = (key, out) =>
  forEachChunk(key, out.length, (words, from, length) => {
    for (let i = 0; i < length; i++) out[from + i] = Math.fround(laplaceQuantile(symmetric(words[i]!)));
  });

/** 1 with probability p, else 0, as `jax.random.bernoulli`. */
export const fillBernoulli = (p: number): Filler => {
  const bound = Math.fround(p);
  return (key, out) =>
    forEachChunk(key, out.length, (words, from, length) => {
      for (let i = 0; i < length; i++) out[from + i] = fraction(words[i]!) < bound ? 1 : 0;
    });
};

/**
 * Rows of `dimension` numbers, each uniform in the unit ball: a normal's direction at radius
 * U^(1/dimension).
 */
export const fillUnitBall =
  (dimension: number): Filler =>
  (key, out) => {
    const [directions, radii] = split(key, 2) as [KeyBits, KeyBits];
    fillNormal(directions, out);
    const uniforms = new Float64Array(out.length / dimension);
    fillUniform(radii, uniforms);
    for (let row = 0; row < uniforms.length; row++) {
      const from = row * dimension;
      let square = 0;
      for (let i = from; i < from + dimension; i++) square += out[i]! * out[i]!;
      const scale = uniforms[row]! ** (1 / dimension) / Math.sqrt(square);
      for (let i = from; i < from + dimension; i++) out[i] = Math.fround(out[i]! * scale);
    }
  };
