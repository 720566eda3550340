import { dependents, rulesOf, topological } from "./differentiate.ts";
import { spread } from "./ops/rules.ts";
import { apply, input, Tensor } from "./tensor.ts";

/** Tensors in nested arrays and records. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

/** All tensors of a tree, in order. */
export const leavesOf = (tree: Tree): Tensor[] => (tree instanceof Tensor ? [tree] : Object.values(tree).flatMap(leavesOf));

/** Applies a change to every tensor of a tree. */
export function mapTree<T extends Tree>(tree: T, change: (tensor: Tensor) => Tensor): T {
  if (tree instanceof Tensor) return change(tree as Tensor) as T;
  if (Array.isArray(tree)) return tree.map((part: Tree) => mapTree(part, change)) as unknown as T;
  return Object.fromEntries(Object.entries(tree as Record<string, Tree>).map(([name, part]) => [name, mapTree(part, change)])) as T;
}

/** Rebuilds expressions with some tensors replaced, operation by operation. */
export function substitute(outputs: readonly Tensor[], replacements: ReadonlyMap<Tensor, Tensor>): Tensor[] {
  const done = new Map(replacements);
  const order = topological(outputs);
  const active = dependents(order, [...replacements.keys()]);
  for (const tensor of order)
    if (active.has(tensor) && !done.has(tensor))
      done.set(
        tensor,
        apply(
          tensor.kind,
          tensor.attributes,
          tensor.inputs.map((source) => done.get(source) ?? source),
        ),
      );
  return outputs.map((tensor) => done.get(tensor) ?? tensor);
}

/**
 * Turns a function of one lane into a function of many. Every tensor of the argument and of the
 * result gains a leading lane axis. Tensors that the function closes over are shared by all lanes.
 * It composes with {@link grad} in both orders, and with itself.
 *
 * @throws RangeError if the tensors of the argument differ in their number of lanes.
 */
export const vmap =
  <A extends Tree, R extends Tree>(one: (argument: A) => R) =>
  (argument: A): R => {
    const lanes = leavesOf(argument)[0]!.shape[0]!;
    const placeholders = new Map<Tensor, Tensor>();
    const single = mapTree(argument, (tensor) => {
      if (tensor.shape[0] !== lanes) throw new RangeError(`vmap over ${lanes} lanes got an argument with ${tensor.shape[0]}`);
      const placeholder = input(`lane of ${tensor.id}`, tensor.shape.slice(1), tensor.dtype === "key" ? "key" : "float");
      placeholders.set(placeholder, tensor);
      return placeholder;
    });
    const result = one(single);
    const outputs = leavesOf(result);
    const order = topological(outputs);
    const active = dependents(order, [...placeholders.keys()]);
    const done = new Map<Tensor, Tensor>(placeholders);
    for (const tensor of order) {
      if (!active.has(tensor) || done.has(tensor)) continue;
      const batched = tensor.inputs.map((source) => active.has(source));
      done.set(
        tensor,
        rulesOf(tensor).batch(
          tensor.attributes,
          tensor.inputs.map((source) => done.get(source) ?? source),
          batched,
          lanes,
        ),
      );
    }
    return mapTree(result, (tensor) => done.get(tensor) ?? spread(tensor, lanes));
  };
