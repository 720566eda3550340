import { rulesOf, simplify, type Tensor, topological, type Value } from "../graph/index.ts";
import { checkFeeds, type Numbers, type Program } from "./program.ts";

/**
 * Evaluates expressions in float64, operation by operation. It is slow, and serves as the reference
 * in all tests.
 *
 * @throws RangeError for an input without numbers in `feeds`.
 * @example
 * ```ts
 * import { evaluate, graph } from "gradleak";
 *
 * const x = graph.input("x", [2]);
 * const [slope] = graph.grad(x.square().sum(), [x]);
 * const [value] = evaluate([slope!], { x: [1, 2] });
 * console.log(value!.data); // Float64Array [2, 4]
 * ```
 */
export function evaluate(outputs: readonly Tensor[], feeds: Readonly<Record<string, Numbers | readonly number[]>> = {}): Value[] {
  const values = new Map<Tensor, Value>();
  for (const tensor of topological(outputs)) {
    const fed = tensor.kind === "input" ? feeds[(tensor as Tensor<"input">).attributes.name] : undefined;
    const data = fed
      ? Float64Array.from(fed)
      : rulesOf(tensor).value(
          tensor.attributes,
          tensor.inputs.map((source) => values.get(source)!),
          tensor,
        );
    values.set(tensor, { shape: tensor.shape, data });
  }
  return outputs.map((tensor) => values.get(tensor)!);
}

/** The inputs that the outputs depend on. */
export function inputsOf(outputs: readonly Tensor[]): Program["inputs"] {
  const placeholders = topological(outputs).filter((tensor): tensor is Tensor<"input"> => tensor.kind === "input");
  return new Map(placeholders.map(({ attributes: { name, shape, dtype } }) => [name, { shape, dtype }]));
}

/** Makes a program that runs in the float64 interpreter, with the interface of a compiled one. */
export function interpret<Name extends string>(outputs: Readonly<Record<Name, Tensor>>): Program<Name> {
  const names = Object.keys(outputs) as Name[];
  const tensors = simplify(names.map((name) => outputs[name]));
  const inputs = inputsOf(tensors);
  return {
    inputs,
    run: async (feeds) => {
      checkFeeds(inputs, feeds);
      const values = evaluate(tensors, feeds);
      return Object.fromEntries(names.map((name, i) => [name, values[i]!.data])) as Record<Name, Float64Array>;
    },
    dispose: async () => {},
  };
}
