import { describe } from "./describe.ts";
import { rulesOf, topological } from "./differentiate.ts";
import { range, type Shape, sameShape } from "./shape.ts";
import { apply, constant, filled, type Tensor } from "./tensor.ts";

/**
 * Constants are folded up to this many entries. Larger ones are left to the runtime, which folds in
 * float32.
 */
const foldLimit = 4096;

const isConstant = (tensor: Tensor): tensor is Tensor<"constant"> => tensor.kind === "constant";
const isKind = <K extends Tensor["kind"]>(tensor: Tensor, kind: K): tensor is Tensor<K> => tensor.kind === kind;

/** The number that a tensor holds in every entry, if it is such a constant. */
function uniform(tensor: Tensor): number | undefined {
  if (isKind(tensor, "expand") || isKind(tensor, "reshape")) return uniform(tensor.inputs[0]!);
  if (!isConstant(tensor) || tensor.attributes.data.length > foldLimit) return undefined;
  const { data } = tensor.attributes;
  return data.every((entry) => entry === data[0]) ? data[0] : undefined;
}

/** A tensor, brought to a shape that broadcasting would give it. */
const as = (tensor: Tensor, shape: Shape): Tensor =>
  sameShape(tensor.shape, shape) ? tensor : tensor.size === shape.reduce((a, b) => a * b, 1) ? tensor.reshape(shape) : tensor.expand(shape);

type Rewrite = (tensor: Tensor) => Tensor | undefined;

/** A tensor as a number times another tensor of the same shape, if it is such a product. */
function scaled(tensor: Tensor): { readonly factor: number; readonly rest: Tensor } | undefined {
  if (isKind(tensor, "neg")) return { factor: -1, rest: tensor.inputs[0]! };
  if (!isKind(tensor, "mul")) return undefined;
  const at = tensor.inputs.findIndex((factor) => uniform(factor) !== undefined);
  const rest = tensor.inputs[1 - at];
  return at < 0 || !rest || !sameShape(rest.shape, tensor.shape) ? undefined : { factor: uniform(tensor.inputs[at]!)!, rest };
}

/** A product plus itself: its smaller factor is doubled instead. */
function doubled(tensor: Tensor): Tensor | undefined {
  if (!isKind(tensor, "mul")) return undefined;
  const at = tensor.inputs.findIndex(({ size }) => size < tensor.size);
  const rest = tensor.inputs[1 - at];
  return at < 0 || !rest || !sameShape(rest.shape, tensor.shape) ? undefined : rest.mul(tensor.inputs[at]!.mul(2));
}

/**
 * A sum of products is a product of a sum, for a factor that is the same in all entries that are
 * summed.
 */
function withoutFactor(product: Tensor<"mul">, axes: readonly number[]): Tensor | undefined {
  const { inputs, rank, shape } = product;
  const at = inputs.findIndex((factor) => axes.every((axis) => (factor.shape[axis - (rank - factor.rank)] ?? 1) === 1));
  const rest = inputs[1 - at];
  if (at < 0 || !rest || !sameShape(rest.shape, shape)) return undefined;
  const factor = inputs[at]!;
  const lead = rank - factor.rank;
  const kept = range(rank).filter((axis) => !axes.includes(axis));
  return rest.sum(axes).mul(factor.reshape(kept.map((axis) => factor.shape[axis - lead] ?? 1)));
}

const algebra: { readonly [K in Tensor["kind"]]?: Rewrite } = {
  add: ({ inputs: [a, b], shape }) => {
    if (uniform(a!) === 0) return as(b!, shape);
    if (uniform(b!) === 0) return as(a!, shape);
    return a === b ? doubled(a!) : undefined;
  },
  sub: ({ inputs: [a, b], shape }) => {
    if (uniform(b!) === 0) return as(a!, shape);
    if (uniform(a!) === 0) return as(b!.neg(), shape);
    return isKind(b!, "neg") ? a!.add(b.inputs[0]!) : undefined;
  },
  mul: ({ inputs: [a, b], shape }) => {
    const [ua, ub] = [uniform(a!), uniform(b!)];
    if (ua === 0 || ub === 0) return filled(0, shape);
    if (ua === 1) return as(b!, shape);
    if (ub === 1) return as(a!, shape);
    if (ua === -1) return as(b!.neg(), shape);
    if (ub === -1) return as(a!.neg(), shape);
    // (x · c) · d = x · (c d) for numbers c, d.
    const [other, number] = ub !== undefined ? [a!, ub] : [b!, ua];
    if (number === undefined || !isKind(other, "mul")) return undefined;
    const inner = other.inputs.findIndex((factor) => uniform(factor) !== undefined);
    return inner < 0 ? undefined : as(other.inputs[1 - inner]!.mul(uniform(other.inputs[inner]!)! * number), shape);
  },
  div: ({ inputs: [a, b], shape }) => (uniform(b!) === 1 ? as(a!, shape) : uniform(a!) === 0 ? filled(0, shape) : undefined),
  pow: ({ inputs: [a, b] }) => (uniform(b!) === 1 ? a! : uniform(b!) === 2 ? a!.square() : uniform(b!) === 0.5 ? a!.sqrt() : undefined),
  neg: ({ inputs: [a] }) => {
    if (isKind(a!, "neg")) return a.inputs[0]!;
    const product = scaled(a!);
    return product?.rest.mul(-product.factor);
  },
  // A number is multiplied in where there are fewer entries: (c A) B = c (A B).
  matmul: (tensor) => {
    const [a, b] = tensor.inputs as [Tensor, Tensor];
    const [left, right] = [a, b].map((operand) => (operand.size > tensor.size ? scaled(operand) : undefined));
    if (!left && !right) return undefined;
    return apply("matmul", tensor.attributes as never, [left?.rest ?? a, right?.rest ?? b]).mul((left?.factor ?? 1) * (right?.factor ?? 1));
  },
  reshape: ({ inputs: [a], shape }) => (sameShape(a!.shape, shape) ? a! : isKind(a!, "reshape") ? a.inputs[0]!.reshape(shape) : undefined),
  transpose: ({ inputs: [a], attributes }) => {
    const { order } = attributes as { order: readonly number[] };
    return isKind(a!, "transpose") ? a.inputs[0]!.transpose(order.map((axis) => a.attributes.order[axis]!)) : undefined;
  },
  expand: ({ inputs: [a], shape }) => (sameShape(a!.shape, shape) ? a! : isKind(a!, "expand") ? a.inputs[0]!.expand(shape) : undefined),
  sum: ({ inputs: [a], attributes, shape }) => {
    const { axes } = attributes as { axes: readonly number[] };
    const long = axes.filter((axis) => a!.shape[axis] !== 1);
    if (long.length === 0) return a!.reshape(shape);
    if (long.length < axes.length) return a!.sum(long).reshape(shape);
    const value = uniform(a!);
    if (value !== undefined) return filled(value * axes.reduce((n, axis) => n * a!.shape[axis]!, 1), shape);
    if (isKind(a!, "neg")) return a.inputs[0]!.sum(axes).neg();
    if (isKind(a!, "mul")) return withoutFactor(a, axes);
    // Sums over repeated entries are multiples.
    if (!isKind(a!, "expand")) return undefined;
    const source = a.inputs[0]!;
    const extra = a.rank - source.rank;
    const repeated = axes.filter((axis) => axis < extra || (source.shape[axis - extra] === 1 && a.shape[axis] !== 1));
    if (repeated.length !== axes.length) return undefined;
    const keptShape = range(a.rank).filter((axis) => !axes.includes(axis));
    const inner = source.reshape(keptShape.map((axis) => source.shape[axis - extra] ?? 1));
    return as(inner, shape).mul(axes.reduce((n, axis) => n * a.shape[axis]!, 1));
  },
};

/**
 * Elementwise operations broadcast by themselves, so an operand need not be expanded first if the
 * other one has the full shape.
 */
const broadcasting = new Set<Tensor["kind"]>([
  "add",
  "sub",
  "mul",
  "div",
  "minimum",
  "maximum",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
  "equal",
  "where",
]);
function withoutExpand(tensor: Tensor): Tensor {
  if (!broadcasting.has(tensor.kind)) return tensor;
  const bare = tensor.inputs.map((source) => (isKind(source, "expand") ? source.inputs[0]! : source));
  const changed = bare.some((source, i) => source !== tensor.inputs[i]);
  if (!changed) return tensor;
  const rebuilt = apply(tensor.kind, tensor.attributes, bare);
  return sameShape(rebuilt.shape, tensor.shape) ? rebuilt : rebuilt.expand(tensor.shape);
}

function folded(tensor: Tensor): Tensor | undefined {
  if (tensor.inputs.length === 0 || tensor.size > foldLimit || tensor.dtype !== "float") return undefined;
  if (!tensor.inputs.every((source) => isConstant(source) && source.size <= foldLimit) || tensor.kind === "expand") return undefined;
  const values = tensor.inputs.map((source) => ({ shape: source.shape, data: rulesOf(source).value(source.attributes, [], source) }));
  return constant(rulesOf(tensor).value(tensor.attributes, values, tensor), tensor.shape);
}

const identities = new WeakMap<object, number>();
let identified = 0;
/** Large constants and functions count as equal if they are the same object. */
function identity(value: object): string {
  if (!identities.has(value)) identities.set(value, identified++);
  return `#${identities.get(value)}`;
}

/**
 * Rewrites outputs to need fewer operations: equal expressions are merged, constants are folded,
 * and algebraic identities are applied. Operations that no output needs disappear, because only
 * outputs are followed.
 */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  const done = new Map<Tensor, Tensor>();
  const known = new Map<string, Tensor>();
  const ids = new Map<Tensor, number>();
  const intern = (tensor: Tensor): Tensor => {
    if (ids.has(tensor)) return tensor;
    const key = `${tensor.kind}${describe(tensor.attributes, identity)}(${tensor.inputs.map((source) => ids.get(source))})`;
    const existing = known.get(key);
    if (existing) return existing;
    known.set(key, tensor);
    ids.set(tensor, ids.size);
    return tensor;
  };
  const isOpen = (tensor: Tensor) => !done.has(tensor) && !ids.has(tensor);
  /**
   * Rewrites until nothing applies. The result of a rewrite is simplified from its own inputs on.
   */
  const reduce = (tensor: Tensor): Tensor => {
    // Finished tensors are not walked again. A rewrite makes few tensors, which stand on all the
    // others.
    for (const created of topological([tensor], isOpen)) {
      if (!isOpen(created)) continue;
      const inputs = created.inputs.map((source) => done.get(source) ?? source);
      const rebuilt = inputs.some((source, i) => source !== created.inputs[i]) ? apply(created.kind, created.attributes, inputs) : created;
      const next = withoutExpand(folded(rebuilt) ?? algebra[rebuilt.kind]?.(rebuilt) ?? rebuilt);
      const result = next === rebuilt ? intern(rebuilt) : reduce(next);
      done.set(created, result);
      if (!done.has(result)) done.set(result, result);
    }
    return done.get(tensor) ?? tensor;
  };
  return outputs.map(reduce);
}
