import { laplaceQuantile, normalQuantile } from "./quantile.ts";
import { forEachChunk, type KeyBits, split } from "./threefry.ts";

/**
 * Fills an array with independent float32 draws, determined by the key. A Float64Array gets the
 * same values.
 */
export type Filler = (key: KeyBits, out: Float32Array | Float64Array) => void;

/**
 * The lower end of the uniform draws: the smallest float32 above −1. JAX draws from (−1, 1) before
 * it inverts a distribution function.
 */
const lowest = -1 + 2 ** -24;

/** The fraction in [0, 1) that `jax.random.uniform` makes from 32 random bits. */
const fraction = (word: number): number => (word >>> 9) * 2 ** -23;

/** A uniform draw in (−1, 1), as JAX makes it. */
const symmetric = (word: number): number => Math.fround(2 * fraction(word) + lowest);

// Each distribution has its own loop instead of sharing one with a function argument. The compiler
// then inlines the work of a draw, which doubles the rate.

/** Draws from U[0, 1), like `jax.random.uniform`. */
export const fillUniform: Filler = (key, out) =>
  forEachChunk(key, out.length, (words, from, length) => {
    for (let i = 0; i < length; i++) out[from + i] = fraction(words[i]!);
  });

/** Draws from N(0, 1), like `jax.random.normal`. */
export const fillNormal: Filler = (key, out) =>
  forEachChunk(key, out.length, (words, from, length) => {
    for (let i = 0; i < length; i++) out[from + i] = Math.fround(normalQuantile(symmetric(words[i]!)));
  });

/** erf(√2): the probability that a standard normal lies within two standard deviations. */
const withinTwo = Math.fround(0.9544997361036416);

/** Draws from N(0, 1) truncated at ±2, like `jax.random.truncated_normal(key, -2, 2)`. */
export const fillTruncatedNormal: Filler = (key, out) =>
  forEachChunk(key, out.length, (words, from, length) => {
    for (let i = 0; i < length; i++)
      out[from + i] = Math.fround(normalQuantile(Math.fround(2 * withinTwo * fraction(words[i]!) - withinTwo)));
  });

/** Draws from Laplace(0, 1), like `jax.random.laplace`. */
export const fillLaplace: Filler = (key, out) =>
  forEachChunk(key, out.length, (words, from, length) => {
    for (let i = 0; i < length; i++) out[from + i] = Math.fround(laplaceQuantile(symmetric(words[i]!)));
  });

/** Draws 1 with probability p, otherwise 0, like `jax.random.bernoulli`. */
export const fillBernoulli = (p: number): Filler => {
  const bound = Math.fround(p);
  return (key, out) =>
    forEachChunk(key, out.length, (words, from, length) => {
      for (let i = 0; i < length; i++) out[from + i] = fraction(words[i]!) < bound ? 1 : 0;
    });
};

/**
 * Draws rows of `dimension` numbers, each uniform in the unit ball: the direction of a normal draw
 * at the radius U^(1/dimension).
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
