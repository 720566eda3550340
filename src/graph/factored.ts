import { channelsFirst } from "./layers.ts";
import { addAll, constant, type Tensor } from "./tensor.ts";

/** A matrix as the product leftᵀ · right of two factors with few rows, [rows, m] and [rows, n]. */
export interface Factors {
  readonly left: Tensor;
  readonly right: Tensor;
}

/**
 * The gradient of a loss with respect to named parameters, or an observed gradient. Matrices that
 * are products of thin factors (the gradient of every dense layer is one, with one row per example)
 * are compared through the factors. They are built only if their entries are asked for.
 */
export class Gradients {
  /** Entries by name, in the order of the model's state_dict. */
  readonly tensors: ReadonlyMap<string, Tensor>;

  /**
   * Whether distances subtract entries instead of expanding the square; see
   * {@link squaredDistance}.
   */
  readonly exact: boolean;

  /**
   * Known factors of the entries by name, for observed matrices that were factored before. For
   * other matrices the factors come from the expression itself.
   */
  private readonly known: ReadonlyMap<string, Factors>;

  constructor(tensors: ReadonlyMap<string, Tensor>, exact = false, known: ReadonlyMap<string, Factors> = new Map()) {
    this.tensors = tensors;
    this.exact = exact;
    this.known = known;
  }

  get names(): readonly string[] {
    return [...this.tensors.keys()];
  }

  /**
   * The entries of one parameter's gradient.
   *
   * @throws RangeError for an unknown name.
   */
  entries(name: string): Tensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new RangeError(`no gradient is named "${name}"; there are ${this.names.join(", ")}`);
    return tensor;
  }

  /** Applies a change to the entries of every tensor. */
  map(change: (entries: Tensor, name: string) => Tensor): Gradients {
    return new Gradients(new Map([...this.tensors].map(([name, tensor]) => [name, change(tensor, name)])), this.exact);
  }

  /**
   * The same gradients of some parameters only, in their own order.
   *
   * @throws RangeError for an unknown name.
   */
  only(names: readonly string[]): Gradients {
    if (names.length === this.tensors.size && names.every((name) => this.tensors.has(name))) return this;
    return new Gradients(new Map(names.map((name) => [name, this.entries(name)])), this.exact, this.known);
  }

  /** ⟨this, other⟩ per parameter, in order. */
  dots(other: Gradients): Tensor[] {
    return this.names.map((name) => dot(this.matrix(name), other.matrix(name)));
  }
  /** ‖this‖² per parameter, in order. */
  squaredNorms(): Tensor[] {
    return this.names.map((name) => squaredNorm(this.matrix(name)));
  }

  private matrix(name: string): Matrix {
    const entries = this.entries(name);
    return { entries, factors: this.known.get(name) ?? factorsOf(entries) };
  }

  /** ⟨this, other⟩ over all parameters. */
  dot(other: Gradients): Tensor {
    return total(this.dots(other));
  }
  /** ‖this‖² over all parameters. */
  squaredNorm(): Tensor {
    return total(this.squaredNorms());
  }
  /**
   * ‖this − other‖² over all parameters. For a factored matrix it is computed as ‖this‖² − 2⟨this,
   * other⟩ + ‖other‖². That is fast, but in float32 it loses its digits once the distance is below
   * a thousandth of ‖other‖². Exact gradients subtract the entries instead.
   */
  squaredDistance(other: Gradients): Tensor {
    return total(this.squaredDistances(other));
  }
  /** ‖this − other‖² per parameter, in order. */
  squaredDistances(other: Gradients): Tensor[] {
    return this.names.map((name) => {
      const [a, b] = [this.matrix(name), other.matrix(name)];
      const expanded = !this.exact && !other.exact && (a.factors || b.factors);
      return expanded ? squaredNorm(a).sub(dot(a, b).mul(2)).add(squaredNorm(b)) : a.entries.sub(b.entries).square().sum();
    });
  }
}

/** Entries, with their factors if comparing through these is cheaper. */
interface Matrix {
  readonly entries: Tensor;
  readonly factors: Factors | undefined;
}

const total = (parts: readonly Tensor[]): Tensor => addAll(parts) ?? constant(0);

/**
 * The thin factors of a gradient, if it is such a product and comparing through them is cheaper
 * than building it.
 */
function factorsOf(tensor: Tensor): Factors | undefined {
  if (tensor.kind === "matmul" && tensor.rank === 2) return denseFactors(tensor as Tensor<"matmul">);
  if (tensor.kind === "convWeight") return convolutionFactors(tensor as Tensor<"convWeight">);
  return undefined;
}

/**
 * Whether comparing through factors is cheaper. To build an m × n product of factors with r rows
 * and to differentiate its comparison costs about 3 r m n. Through the factors, the inner product
 * costs 2 r m n and the norm 3 r² (m + n).
 */
export const worthFactoring = (r: number, m: number, n: number): boolean => 3 * r * (m + n) < m * n;

function denseFactors({ attributes: { transposeA, transposeB }, inputs, shape: [m, n] }: Tensor<"matmul">): Factors | undefined {
  const [a, b] = inputs as [Tensor, Tensor];
  const rows = transposeA ? a.shape[0]! : a.shape[1]!;
  if (a.rank !== 2 || b.rank !== 2 || !worthFactoring(rows, m!, n!)) return undefined;
  return { left: transposeA ? a : a.transpose(), right: transposeB ? b.transpose() : b };
}

/**
 * The weight gradient of a convolution is also a product: of its output derivatives and the patches
 * of its images, with one row per position.
 */
function convolutionFactors({ attributes, inputs, shape }: Tensor<"convWeight">): Factors | undefined {
  const { stride, dilation, pads, groups, layout, lanes, kernel } = attributes;
  if (lanes || groups > 1) return undefined;
  const [x, y] = inputs.map((t) => channelsFirst(layout, t!)) as [Tensor, Tensor];
  const [n, o, oh, ow] = y.shape as [number, number, number, number];
  const columns = shape[1]! * kernel[0] * kernel[1];
  if (!worthFactoring(n * oh * ow, o, columns)) return undefined;
  const padded = x.pad([0, 0, pads[0], pads[1]], [0, 0, pads[2], pads[3]]);
  const [, c, h, w] = padded.shape as [number, number, number, number];
  // For each position, the entries of the kernel, row-major, in the order of [c, kernel height,
  // kernel width].
  const indices = Int32Array.from({ length: oh * ow * kernel[0] * kernel[1] }, (_, at) => {
    const [place, entry] = [Math.floor(at / (kernel[0] * kernel[1])), at % (kernel[0] * kernel[1])];
    const row = Math.floor(place / ow) * stride[0] + Math.floor(entry / kernel[1]) * dilation[0];
    return row * w + (place % ow) * stride[1] + (entry % kernel[1]) * dilation[1];
  });
  const patches = padded
    .reshape([n, c, h * w])
    .gather(2, indices)
    .reshape([n, c, oh * ow, kernel[0] * kernel[1]]);
  return {
    left: y.transpose([0, 2, 3, 1]).reshape([n * oh * ow, o]),
    right: patches.transpose([0, 2, 1, 3]).reshape([n * oh * ow, columns]),
  };
}

function dot(a: Matrix, b: Matrix): Tensor {
  if (a.factors && b.factors) {
    const across = (side: keyof Factors) => a.factors![side].matmul(b.factors![side], false, true);
    return across("left").mul(across("right")).sum();
  }
  if (!a.factors) return b.factors ? dot(b, a) : a.entries.mul(b.entries).sum();
  const { left, right } = a.factors;
  return left
    .matmul(b.entries.reshape([b.entries.shape[0]!, -1]))
    .mul(right)
    .sum();
}

const squaredNorm = (a: Matrix): Tensor => (a.factors ? dot(a, a) : a.entries.square().sum());
