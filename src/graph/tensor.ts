import { type OpKind, type Ops, rules } from "./ops/table.ts";
import { axisOf, range, type Shape, sameShape, showShape, sizeOf } from "./shape.ts";

/** Real numbers, integers, truth values, or keys for draws (pairs of 32-bit words). */
export type Dtype = "float" | "index" | "mask" | "key";

/** The numbers of a constant. */
export type Entries = Float32Array | Float64Array | Int32Array;

/** A tensor, or a number that acts as a constant. */
export type Operand = Tensor | number;

let created = 0;

/**
 * A symbolic tensor: an operation, its attributes and the tensors that it reads. It is immutable,
 * and nothing is computed until a runtime compiles it. Methods build larger expressions;
 * elementwise ones broadcast as in NumPy.
 */
export class Tensor<K extends OpKind = OpKind> {
  readonly kind: K;
  readonly attributes: Ops[K];
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly dtype: Dtype;
  /**
   * A number that increases with creation, so every tensor has a larger id than the tensors it
   * reads.
   */
  readonly id: number;

  constructor(kind: K, attributes: Ops[K], inputs: readonly Tensor[]) {
    const rule = rules[kind];
    this.kind = kind;
    this.attributes = attributes;
    this.inputs = inputs;
    this.shape = rule.shape(attributes, inputs);
    this.dtype = rule.dtype?.(attributes, inputs) ?? "float";
    this.id = created++;
  }

  get rank(): number {
    return this.shape.length;
  }
  get size(): number {
    return sizeOf(this.shape);
  }

  add(other: Operand): Tensor {
    return binary("add", this, other);
  }
  sub(other: Operand): Tensor {
    return binary("sub", this, other);
  }
  mul(other: Operand): Tensor {
    return binary("mul", this, other);
  }
  div(other: Operand): Tensor {
    return typeof other === "number" ? this.mul(1 / other) : binary("div", this, other);
  }
  pow(exponent: Operand): Tensor {
    return binary("pow", this, exponent);
  }
  minimum(other: Operand): Tensor {
    return binary("minimum", this, other);
  }
  maximum(other: Operand): Tensor {
    return binary("maximum", this, other);
  }
  less(other: Operand): Tensor {
    return binary("less", this, other);
  }
  lessEqual(other: Operand): Tensor {
    return binary("lessEqual", this, other);
  }
  greater(other: Operand): Tensor {
    return binary("greater", this, other);
  }
  greaterEqual(other: Operand): Tensor {
    return binary("greaterEqual", this, other);
  }
  equal(other: Operand): Tensor {
    return binary("equal", this, other);
  }
  and(other: Tensor): Tensor {
    return binary("and", this, other);
  }
  or(other: Tensor): Tensor {
    return binary("or", this, other);
  }
  not(): Tensor {
    return apply("not", {}, [this]);
  }
  neg(): Tensor {
    return apply("neg", {}, [this]);
  }
  exp(): Tensor {
    return apply("exp", {}, [this]);
  }
  log(): Tensor {
    return apply("log", {}, [this]);
  }
  sqrt(): Tensor {
    return apply("sqrt", {}, [this]);
  }
  square(): Tensor {
    return this.mul(this);
  }
  abs(): Tensor {
    return apply("abs", {}, [this]);
  }
  /** -1, 0 or 1, with derivative 0. */
  sign(): Tensor {
    return apply("sign", {}, [this]);
  }
  erf(): Tensor {
    return apply("erf", {}, [this]);
  }
  /** max(x, 0), with derivative 0 at 0, as in PyTorch. */
  relu(): Tensor {
    return apply("relu", {}, [this]);
  }
  leakyRelu(slope = 0.01): Tensor {
    return where(this.greater(0), this, this.mul(slope));
  }
  sigmoid(): Tensor {
    return apply("sigmoid", {}, [this]);
  }
  tanh(): Tensor {
    return apply("tanh", {}, [this]);
  }
  /** log(1 + exp x). */
  softplus(): Tensor {
    return apply("softplus", {}, [this]);
  }
  /** x·Φ(x), with the error function (not the tanh approximation). */
  gelu(): Tensor {
    return this.mul(this.mul(Math.SQRT1_2).erf().add(1)).mul(0.5);
  }
  clip(low: Operand, high: Operand): Tensor {
    return this.maximum(low).minimum(high);
  }
  /** True where the entry is neither infinite nor NaN. */
  isFinite(): Tensor {
    return this.abs().less(Number.POSITIVE_INFINITY);
  }
  /** A mask or an index as real numbers. */
  toFloat(): Tensor {
    return this.dtype === "float" ? this : apply("toFloat", {}, [this]);
  }
  /** The same value, with derivative 0. */
  stopGradient(): Tensor {
    return apply("stopGradient", {}, [this]);
  }

  /** Sum over `axes` (all by default). Reduced axes are removed unless `keep` is true. */
  sum(axes?: number | readonly number[], keep = false): Tensor {
    return this.reduce("sum", axes, keep);
  }
  mean(axes?: number | readonly number[], keep = false): Tensor {
    const sum = this.sum(axes, keep);
    return sum.mul(sum.size / this.size);
  }
  /** Maximum over `axes`. Ties share the derivative evenly. */
  max(axes?: number | readonly number[], keep = false): Tensor {
    return this.reduce("max", axes, keep);
  }
  private reduce(kind: "sum" | "max", axes: number | readonly number[] | undefined, keep: boolean): Tensor {
    const chosen = typeof axes === "number" ? [axes] : (axes ?? range(this.rank));
    const sorted = [...new Set(chosen.map((axis) => axisOf(axis, this.rank)))].sort((a, b) => a - b);
    const reduced = sorted.length === 0 ? this : apply(kind, { axes: sorted }, [this]);
    return keep ? reduced.reshape(this.shape.map((extent, axis) => (sorted.includes(axis) ? 1 : extent))) : reduced;
  }
  /** Index of the largest entry along the last axis; the first of several equal ones. */
  argmax(): Tensor {
    return apply("argmax", {}, [this]);
  }

  /** The same entries in another shape; one extent may be -1. */
  reshape(shape: Shape): Tensor {
    const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
    const full = shape.map((extent) => (extent === -1 ? this.size / known : extent));
    return sameShape(full, this.shape) ? this : apply("reshape", { shape: full }, [this]);
  }
  /** Reorders axes: result axis i is axis `order[i]` of this. By default the last two axes swap. */
  transpose(order?: readonly number[]): Tensor {
    const full = order ?? [...range(this.rank - 2), this.rank - 1, this.rank - 2];
    return full.every((axis, i) => axis === i) ? this : apply("transpose", { order: full }, [this]);
  }
  /** A box of entries: `sizes[i]` entries on axis i, from `starts[i]` on. */
  slice(starts: readonly number[], sizes: Shape): Tensor {
    return sameShape(sizes, this.shape) ? this : apply("slice", { starts, sizes }, [this]);
  }
  /** Entries `start` to `end` (exclusive) along one axis. */
  range(axis: number, start: number, end: number): Tensor {
    const at = axisOf(axis, this.rank);
    return this.slice(
      this.shape.map((_, i) => (i === at ? start : 0)),
      this.shape.map((extent, i) => (i === at ? end - start : extent)),
    );
  }
  /** Adds entries before and after, on each axis. */
  pad(before: readonly number[], after: readonly number[], value = 0): Tensor {
    return [...before, ...after].every((n) => n === 0) ? this : apply("pad", { before, after, value }, [this]);
  }
  /** Repeats entries along axes of extent 1 and along new leading axes. */
  expand(shape: Shape): Tensor {
    return sameShape(shape, this.shape) ? this : apply("expand", { shape }, [this]);
  }
  /** The slices along one axis at fixed positions. */
  gather(axis: number, indices: Int32Array): Tensor {
    return apply("gather", { axis: axisOf(axis, this.rank), indices }, [this]);
  }
  /** Transpose of {@link gather}: adds slice i to position `indices[i]` of an axis of `size`. */
  scatter(axis: number, indices: Int32Array, size: number): Tensor {
    return apply("scatter", { axis: axisOf(axis, this.rank), indices, size }, [this]);
  }
  /** The entries along the last axis that `index` [..., m] points at. */
  take(index: Tensor): Tensor {
    return apply("take", {}, [this, index]);
  }
  /**
   * Transpose of {@link take}: adds entry j to position `index[..., j]` of a last axis of `size`.
   */
  put(index: Tensor, size: number): Tensor {
    return apply("put", { size }, [this, index]);
  }
  /** Turns an index [...] into rows [..., classes] with a single 1. */
  oneHot(classes: number): Tensor {
    return this.toFloat()
      .reshape([...this.shape, 1])
      .equal(iota(classes))
      .toFloat();
  }

  /** Matrix product over the last two axes. Leading axes must agree, or one operand has none. */
  matmul(other: Tensor, transposeThis = false, transposeOther = false): Tensor {
    return apply("matmul", { transposeA: transposeThis, transposeB: transposeOther }, [this, other]);
  }
  /** log softmax over the last axis, with the maximum subtracted first. */
  logSoftmax(): Tensor {
    const shifted = this.sub(this.max(-1, true).stopGradient());
    return shifted.sub(shifted.exp().sum(-1, true).log());
  }
}

/** Applies an operation. All tensors are made here. */
export function apply<K extends OpKind>(kind: K, attributes: Ops[K], inputs: readonly Tensor[]): Tensor {
  return new Tensor(kind, attributes, inputs) as unknown as Tensor;
}

type Binary = "add" | "sub" | "mul" | "div" | "pow" | "minimum" | "maximum" | Comparison;
type Comparison = "less" | "lessEqual" | "greater" | "greaterEqual" | "equal" | "and" | "or";
const binary = (kind: Binary, a: Tensor, b: Operand): Tensor => apply(kind, {}, [a, lift(b)]);

/** A number as a scalar constant. */
export const lift = (operand: Operand): Tensor => (typeof operand === "number" ? constant(operand) : operand);

/** A placeholder for numbers that a program takes. Names are unique within a program. */
export const input = (name: string, shape: Shape, dtype: "float" | "key" = "float"): Tensor => apply("input", { name, shape, dtype }, []);

/** Fixed numbers, such as the parameters θ. */
export function constant(value: number | readonly number[] | Entries, shape?: Shape, dtype: "float" | "index" = "float"): Tensor {
  const data = typeof value === "number" ? Float64Array.of(value) : ArrayBuffer.isView(value) ? value : Float64Array.from(value);
  const full = shape ?? (typeof value === "number" ? [] : [data.length]);
  if (sizeOf(full) !== data.length) throw new RangeError(`${data.length} numbers do not fill shape ${showShape(full)}`);
  return apply("constant", { data, shape: full, dtype }, []);
}

/** A tensor with one value in every entry. */
export const filled = (value: number, shape: Shape): Tensor => constant(value).expand(shape);

/** The real numbers 0, 1, …, n - 1. */
export const iota = (n: number): Tensor => constant(Float64Array.from(range(n)));

/** `whenTrue` where the mask holds, `whenFalse` elsewhere; broadcasts. */
export const where = (mask: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor =>
  apply("where", {}, [mask, lift(whenTrue), lift(whenFalse)]);

/** Concatenates tensors along an existing axis. */
export const concat = (tensors: readonly Tensor[], axis = 0): Tensor =>
  tensors.length === 1 ? tensors[0]! : apply("concat", { axis: axisOf(axis, tensors[0]!.rank) }, tensors);

/** Stacks tensors of one shape along a new leading axis. */
export const stack = (tensors: readonly Tensor[]): Tensor => concat(tensors.map((t) => t.reshape([1, ...t.shape])));

/** Sums over the axes that broadcasting repeated, so that the result has `shape`. */
export function reduceTo(tensor: Tensor, shape: Shape): Tensor {
  if (sameShape(tensor.shape, shape)) return tensor;
  const extra = tensor.rank - shape.length;
  const axes = range(tensor.rank).filter((axis) => axis < extra || (shape[axis - extra] === 1 && tensor.shape[axis] !== 1));
  return tensor.sum(axes).reshape(shape);
}

/** The sum of a list of tensors; `undefined`, which stands for 0, if the list is empty. */
export const addAll = (tensors: readonly Tensor[]): Tensor | undefined =>
  tensors.reduce<Tensor | undefined>((sum, t) => (sum ? sum.add(t) : t), undefined);
