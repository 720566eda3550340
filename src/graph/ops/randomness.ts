import { type Shape, showShape } from "../shape.ts";
import { apply } from "../tensor.ts";
import { type Family, type Rules, spreadAll, type Value } from "./rules.ts";

/**
 * Fills `out` with independent draws, determined by the key. The name identifies the distribution.
 */
export interface Sampler {
  readonly name: string;
  fill(key: readonly [number, number], out: Float32Array | Float64Array): void;
}

/** Derives a new key from a key and a number. */
export interface KeyDerivation {
  readonly name: string;
  derive(key: readonly [number, number], index: number): readonly [number, number];
}

export interface DrawOps {
  draw: { readonly sampler: Sampler; readonly shape: Shape };
  foldIn: { readonly derivation: KeyDerivation };
}

const keyAt = (value: Value, i: number): readonly [number, number] => [value.data[2 * i]!, value.data[2 * i + 1]!];

const draw: Rules<DrawOps["draw"]> = {
  shape: ({ shape }, [key]) => {
    if (key!.dtype !== "key") throw new RangeError(`a draw needs a key, not a ${key!.dtype} of ${showShape(key!.shape)}`);
    return [...key!.shape.slice(0, -1), ...shape];
  },
  gradient: () => [undefined],
  batch: (attributes, [key]) => apply("draw", attributes, [key!]),
  onnx: (_, { output, emit }) => emit.feed(output),
  value: ({ sampler, shape }, inputs, { size }) => {
    const out = new Float64Array(size);
    const length = shape.reduce((product, extent) => product * extent, 1);
    for (let i = 0; i * length < size; i++) sampler.fill(keyAt(inputs[0]!, i), out.subarray(i * length, (i + 1) * length));
    return out;
  },
};

const foldIn: Rules<DrawOps["foldIn"]> = {
  shape: (_, [key, index]) => {
    if (key!.dtype !== "key" || index!.rank !== key!.rank - 1)
      throw new RangeError(`a key of ${showShape(key!.shape)} takes one index per key`);
    return key!.shape;
  },
  dtype: () => "key",
  gradient: () => [undefined, undefined],
  batch: (attributes, inputs, batched, lanes) => apply("foldIn", attributes, spreadAll(inputs, batched, lanes)),
  onnx: (_, { output }) => {
    throw new Error(`a key of ${showShape(output.shape)} is derived outside the program`);
  },
  value: ({ derivation }, inputs) => {
    const [keys, indices] = inputs as [Value, Value];
    const derived = new Float64Array(2 * indices.data.length);
    for (let i = 0; i < indices.data.length; i++) derived.set(derivation.derive(keyAt(keys, i), indices.data[i]!), 2 * i);
    return derived;
  },
};

/** Random draws. A key is their only source, and their derivative is 0. */
export const draws: Family<DrawOps> = { draw, foldIn };
