import { type OpKind, type Ops, rules } from "./ops/table.ts";
import { axisOf, broadcastShapes, range, type Shape, sameShape, showShape, sizeOf } from "./shape.ts";

/**
 * What the entries are: real numbers, integers that count or point, truth values, or pairs of
 * 32-bit words that seed draws.
 */
export type Dtype = "float" | "index" | "mask" | "key";

/** The numbers behind a constant. */
export type Entries = Float32Array | Float64Array | Int32Array;

/** Numbers that take part in arithmetic as constants. */
export type Operand = Tensor | number;

let created = 0;

/**
 * A symbolic tensor: an operation, its attributes and the tensors it reads. Immutable; nothing is
 * computed until a runtime compiles it. Methods build larger expressions; elementwise ones
 * broadcast as NumPy does.
 */
export class Tensor<K extends OpKind = OpKind> {
  readonly kind: K;
  readonly attributes: Ops[K];
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly dtype: Dtype;
  /** Grows with creation, so that every tensor has a larger id than the tensors it reads. */
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
  /** -1, 0 or 1; its derivative is 0. */
  sign(): Tensor {
    return apply("sign", {}, [this]);
  }
  erf(): Tensor {
    return apply("erf", {}, [this]);
  }
  /** max(x, 0), with derivative 0 at 0, as PyTorch has it. */
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

  /** Sum over `axes` (all by default); reduced axes vanish unless `keep`. */
  sum(axes?: number | readonly number[], keep = false): Tensor {
    return this.reduce("sum", axes, keep);
  }
  mean(axes?: number | readonly number[], keep = false): Tensor {
    const sum = this.sum(axes, keep);
    return sum.mul(sum.size / this.size);
  }
  /** Maximum over `axes`; ties share the derivative evenly. */
  max(axes?: number | readonly number[], keep = false): Tensor {
    return this.reduce("max", axes, keep);
  }
  private reduce(kind: "sum" | "max", axes: number | readonly number[] | undefined, keep: boolean): Tensor {
    const chosen = typeof axes === "number" ? [axes] : (axes ?? range(this.rank));
    const sorted = [...new Set(chosen.map((axis) => axisOf(axis, this.rank)))].sort((a, b) => a - b);
    const reduced = sorted.length === 0 ? this : apply(kind, { axes: sorted }, [this]);
    return keep ? reduced.reshape(this.shape.map((extent, axis) => (sorted.includes(axis) ? 1 : extent))) : reduced;
  }
  /** Index of the largest entry along the last axis (the first of equals). */
  argmax(): Tensor {
    return apply("argmax", {}, [this]);
  }

  /** The same entries in another shape; one extent may be -1. */
  reshape(shape: Shape): Tensor {
    const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
    const full = shape.map((extent) => (extent === -1 ? this.size / known : extent));
    return sameShape(full, this.shape) ? this : apply("reshape", { shape: full }, [this]);
  }
  /**
   * Axes in another order: result axis i is axis `order[i]` of this; without an order, the last two
   * swap.
   */
  transpose(order?: readonly number[]): Tensor {
    const full = order ?? [...range(this.rank - 2), this.rank - 1, this.rank - 2];
    return full.every((axis, i) => axis === i) ? this : apply("transpose", { order: full }, [this]);
  }
  /** A box of entries: `sizes` entries an axis from `starts` on. */
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
  /** More entries before and after on each axis. */
  pad(before: readonly number[], after: readonly number[], value = 0): Tensor {
    return [...before, ...after].every((n) => n === 0) ? this : apply("pad", { before, after, value }, [this]);
  }
  /** Repeated along axes of extent 1 and new leading axes. */
  expand(shape: Shape): Tensor {
    return sameShape(shape, this.shape) ? this : apply("expand", { shape }, [this]);
  }
  /** Slices along one axis at fixed positions. */
  gather(axis: number, indices: Int32Array): Tensor {
    return apply("gather", { axis: axisOf(axis, this.rank), indices }, [this]);
  }
  /**
   * Transpose of {@link gather}: slice i is added to position `indices[i]` of an axis of extent
   * `size`.
   */
  scatter(axis: number, indices: Int32Array, size: number): Tensor {
    return apply("scatter", { axis: axisOf(axis, this.rank), indices, size }, [this]);
  }
  /** Along the last axis, the entries that `index` [..., m] points at. */
  take(index: Tensor): Tensor {
    return apply("take", {}, [this, index]);
  }
  /**
   * Transpose of {@link take}: entry j is added to position `index[..., j]` of a last axis of
   * extent `size`.
   */
  put(index: Tensor, size: number): Tensor {
    return apply("put", { size }, [this, index]);
  }
  /** An index [...] as rows [..., classes] with a single 1. */
  oneHot(classes: number): Tensor {
    return this.toFloat()
      .reshape([...this.shape, 1])
      .equal(iota(classes))
      .toFloat();
  }

  /**
   * Matrix product of the last two axes, each operand transposed first where asked; leading axes
   * agree, or one operand has none.
   */
  matmul(other: Tensor, transposeThis = false, transposeOther = false): Tensor {
    return apply("matmul", { transposeA: transposeThis, transposeB: transposeOther }, [this, other]);
  }
  /** log softmax over the last axis, with the maximum taken off first. */
  logSoftmax(): Tensor {
    const shifted = this.sub(this.max(-1, true).stopGradient());
    return shifted.sub(shifted.exp().sum(-1, true).log());
  }
}

/** Applies an operation: the one place where tensors are made. */
export function apply<K extends OpKind>(kind: K, attributes: Ops[K], inputs: readonly Tensor[]): Tensor {
  return new Tensor(kind, attributes, inputs) as unknown as Tensor;
}

type Binary = "add" | "sub" | "mul" | "div" | "pow" | "minimum" | "maximum" | Comparison;
type Comparison = "less" | "lessEqual" | "greater" | "greaterEqual" | "equal" | "and" | "or";
const binary = (kind: Binary, a: Tensor, b: Operand): Tensor => apply(kind, {}, [a, lift(b)]);

/** A number as a scalar constant. */
export const lift = (operand: Operand): Tensor => (typeof operand === "number" ? constant(operand) : operand);

/** A placeholder that a program is fed with. Names are unique within a program. */
export const input = (name: string, shape: Shape, dtype: "float" | "key" = "float"): Tensor => apply("input", { name, shape, dtype }, []);

/** Fixed numbers, such as the parameters θ. */
export function constant(value: number | readonly number[] | Entries, shape?: Shape, dtype: "float" | "index" = "float"): Tensor {
  const data = typeof value === "number" ? Float64Array.of(value) : ArrayBuffer.isView(value) ? value : Float64Array.from(value);
  const full = shape ?? (typeof value === "number" ? [] : [data.length]);
  if (sizeOf(full) !== data.length) throw new RangeError(`${data.length} numbers do not fill shape ${showShape(full)}`);
  return apply("constant", { data, shape: full, dtype }, []);
}

/** One value everywhere. */
export const filled = (value: number, shape: Shape): Tensor => constant(value).expand(shape);

/** 0, 1, …, n - 1 as real numbers. */
export const iota = (n: number): Tensor => constant(Float64Array.from(range(n)));

/** `whenTrue` where the mask holds, `whenFalse` elsewhere; broadcasts. */
export const where = (mask: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor =>
  apply("where", {}, [mask, lift(whenTrue), lift(whenFalse)]);

/** Tensors side by side along an existing axis. */
export const concat = (tensors: readonly Tensor[], axis = 0): Tensor =>
  tensors.length === 1 ? tensors[0]! : apply("concat", { axis: axisOf(axis, tensors[0]!.rank) }, tensors);

/** Tensors of one shape along a new leading axis. */
export const stack = (tensors: readonly Tensor[]): Tensor => concat(tensors.map((t) => t.reshape([1, ...t.shape])));

/** Sums over the axes that broadcasting repeated, so that the result has `shape`. */
export function reduceTo(tensor: Tensor, shape: Shape): Tensor {
  if (sameShape(tensor.shape, shape)) return tensor;
  const extra = tensor.rank - shape.length;
  const axes = range(tensor.rank).filter((axis) => axis < extra || (shape[axis - extra] === 1 && tensor.shape[axis] !== 1));
  return tensor.sum(axes).reshape(shape);
}

/** A sum of tensors that may be empty; `undefined` stands for 0. */
export const addAll = (tensors: readonly Tensor[]): Tensor | undefined =>
  tensors.reduce<Tensor | undefined>((sum, t) => (sum ? sum.add(t) : t), undefined);

export { broadcastShapes };
