import { topological } from "./differentiate.ts";
import { input, type Tensor } from "./tensor.ts";
import { substitute } from "./vectorize.ts";

/** Expressions, split into parts that change from call to call and parts that do not. */
export interface Split {
  /** The parts that depend only on fixed inputs, by the names under which the rest reads them. */
  readonly once: Readonly<Record<string, Tensor>>;
  /** The outputs, which read those parts as inputs. */
  readonly outputs: readonly Tensor[];
}

/**
 * Separates the parts of the outputs that depend only on fixed inputs (such as the norm of an
 * observed gradient, or its transpose), so that they are computed once and not in every call. A
 * part that is larger than all the inputs it is computed from stays.
 */
export function splitInvariant(outputs: readonly Tensor[], fixed: ReadonlySet<string>): Split {
  /** For each tensor that depends only on fixed inputs, the number of entries of those inputs. */
  const sizes = new Map<Tensor, number>();
  for (const tensor of topological(outputs)) {
    if (tensor.kind === "input") {
      if (fixed.has((tensor as Tensor<"input">).attributes.name)) sizes.set(tensor, tensor.size);
    } else if (tensor.kind === "constant") sizes.set(tensor, 0);
    else if (tensor.kind !== "draw" && tensor.inputs.every((source) => sizes.has(source))) {
      sizes.set(
        tensor,
        tensor.inputs.reduce((sum, source) => sum + sizes.get(source)!, 0),
      );
    }
  }
  const parts = new Map<Tensor, Tensor>();
  const seen = new Set<Tensor>();
  const stack = [...outputs];
  while (stack.length > 0) {
    const tensor = stack.pop()!;
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    const size = sizes.get(tensor) ?? 0;
    if (tensor.inputs.length > 0 && size > 0 && tensor.size <= size && tensor.dtype === "float")
      parts.set(tensor, input(`once.${parts.size}`, tensor.shape));
    else stack.push(...tensor.inputs);
  }
  return {
    once: Object.fromEntries([...parts].map(([part, placeholder]) => [(placeholder as Tensor<"input">).attributes.name, part])),
    outputs: substitute(outputs, parts),
  };
}
