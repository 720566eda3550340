import { type Shape, sizeOf } from "../graph/index.ts";
import { fillTruncatedNormal, fillUniform, type KeyBits } from "../random/index.ts";

/** Computes the initial values of a variable from a key. */
export type Initializer = (key: KeyBits, shape: Shape) => Float32Array;

/** Uniform values U(−bound, bound). */
export const uniform =
  (bound: number): Initializer =>
  (key, shape) => {
    const out = new Float32Array(sizeOf(shape));
    fillUniform(key, out);
    return out.map((u) => bound * (2 * u - 1));
  };

/** PyTorch's default for weights and biases of dense and convolution layers: U(±1/√fanIn). */
export const torchDefault = (fanIn: number): Initializer => uniform(1 / Math.sqrt(fanIn));

/**
 * Flax's default for weights: a normal of variance 1/fanIn, truncated at two standard deviations.
 */
export const lecunNormal =
  (fanIn: number): Initializer =>
  (key, shape) => {
    const out = new Float32Array(sizeOf(shape));
    fillTruncatedNormal(key, out);
    // 0.8796… is the standard deviation of a unit normal truncated at ±2.
    return out.map((z) => z / (0.87962566103423978 * Math.sqrt(fanIn)));
  };

export const filledWith =
  (value: number): Initializer =>
  (_, shape) =>
    new Float32Array(sizeOf(shape)).fill(value);
