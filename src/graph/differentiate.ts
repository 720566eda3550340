import type { Rules } from "./ops/rules.ts";
import { rules } from "./ops/table.ts";
import { sameShape, showShape } from "./shape.ts";
import { filled, type Tensor } from "./tensor.ts";

/**
 * All tensors that the outputs depend on, each after the tensors that it reads. `follow` says whose
 * inputs count.
 */
export function topological(outputs: readonly Tensor[], follow: (tensor: Tensor) => boolean = () => true): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const stack: Tensor[] = outputs.toReversed();
  while (stack.length > 0) {
    const tensor = stack.at(-1)!;
    if (seen.has(tensor)) {
      stack.pop();
      continue;
    }
    const open = follow(tensor) ? tensor.inputs.filter((source) => !seen.has(source)) : [];
    if (open.length === 0) {
      seen.add(tensor);
      order.push(tensor);
      stack.pop();
    } else stack.push(...open);
  }
  return order;
}

/** The tensors of `order` that depend on any of `sources`. */
export function dependents(order: readonly Tensor[], sources: readonly Tensor[]): Set<Tensor> {
  const found = new Set(sources);
  for (const tensor of order) if (tensor.inputs.some((source) => found.has(source))) found.add(tensor);
  return found;
}

/** The rules of a tensor's operation. */
export const rulesOf = (tensor: Tensor): Rules<unknown> => rules[tensor.kind] as Rules<unknown>;

/**
 * Differentiates a tensor with respect to each of `variables`; the results have the variables'
 * shapes. For a scalar this is the gradient. For a larger tensor it is the gradient of ⟨cotangent,
 * output⟩, where the cotangent is all ones by default. The results are expressions like any other,
 * so derivatives nest to any order.
 *
 * @throws RangeError for a cotangent of another shape than the output.
 */
export function grad(output: Tensor, variables: readonly Tensor[], cotangent?: Tensor): Tensor[] {
  if (cotangent && !sameShape(cotangent.shape, output.shape))
    throw new RangeError(`a cotangent of ${showShape(cotangent.shape)} does not fit an output of ${showShape(output.shape)}`);
  const order = topological([output]);
  const active = dependents(order, variables);
  const cotangents = new Map<Tensor, Tensor>([[output, cotangent ?? filled(1, output.shape)]]);
  for (const tensor of order.toReversed()) {
    const incoming = cotangents.get(tensor);
    if (!incoming || !active.has(tensor) || tensor.inputs.length === 0) continue;
    const parts = rulesOf(tensor).gradient(tensor.attributes, { inputs: tensor.inputs, output: tensor, cotangent: incoming });
    tensor.inputs.forEach((source, i) => {
      const part = parts[i];
      if (!part || !active.has(source)) return;
      const sum = cotangents.get(source);
      cotangents.set(source, sum ? sum.add(part) : part);
    });
  }
  return variables.map((variable) => cotangents.get(variable) ?? filled(0, variable.shape));
}

/** A scalar objective together with its gradients. */
export const valueAndGrad = (value: Tensor, variables: readonly Tensor[]): { value: Tensor; gradients: Tensor[] } => ({
  value,
  gradients: grad(value, variables),
});
