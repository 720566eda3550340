import { topological } from "./differentiate.ts";
import { input, type Tensor } from "./tensor.ts";
import { substitute } from "./vectorize.ts";

/** Expressions split at what does not change from call to call. */
export interface Split {
  /**
   * The parts that depend on the fixed inputs alone, by the names under which the rest is fed with
   * them.
   */
  readonly once: Readonly<Record<string, Tensor>>;
  /** The outputs, reading those parts as inputs. */
  readonly outputs: readonly Tensor[];
}

/**
 * Takes out of the outputs what depends on fixed inputs alone (the norm of an observed gradient,
 * its transpose), so that it is computed once and not in every call. A part that is larger than all
 * it is computed from stays.
 */
export function splitInvariant(outputs: readonly Tensor[], fixed: ReadonlySet<string>): Split {
  /** For tensors that only depend on fixed inputs, the entries of those inputs. */
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
