import type { Shape } from "../shape.ts";
import type { Dtype, Entries } from "../tensor.ts";
import type { Family, Rules } from "./rules.ts";

export interface LeafOps {
  input: { readonly name: string; readonly shape: Shape; readonly dtype: "float" | "key" };
  constant: { readonly data: Entries; readonly shape: Shape; readonly dtype: "float" | "index" };
}

const leaf = {
  shape: (attributes: { shape: Shape }) => attributes.shape,
  dtype: (attributes: { dtype: Dtype }) => attributes.dtype,
  gradient: () => [],
  batch: () => {
    throw new Error("a leaf has no inputs that could be batched");
  },
} as const;

const input: Rules<LeafOps["input"]> = {
  ...leaf,
  onnx: (_, { output, emit }) => emit.feed(output),
  value: ({ name }) => {
    throw new RangeError(`the program was not fed "${name}"`);
  },
};

const constant: Rules<LeafOps["constant"]> = {
  ...leaf,
  onnx: ({ data, shape, dtype }, { emit }) => (dtype === "index" ? emit.ints(data, shape) : emit.floats(data, shape)),
  value: ({ data }) => Float64Array.from(data),
};

/** The sources of values: inputs and constants. */
export const leaves: Family<LeafOps> = { input, constant };
