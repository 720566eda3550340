import { addAll, constant, type Tensor } from "./tensor.ts";

/** A matrix as a product leftᵀ · right of factors with few rows, [rows, m] and [rows, n]. */
export interface Factors {
  readonly left: Tensor;
  readonly right: Tensor;
}

/**
 * The gradient of a loss in named parameters, or an observed one. Matrices that come as a product
 * of thin factors (every dense layer's gradient is one, with a row an example) are compared through
 * the factors and never built, unless their entries are asked for.
 */
export class Gradients {
  /** Entries by name, in the order of the model's state_dict. */
  readonly tensors: ReadonlyMap<string, Tensor>;

  /** Distances subtract entries instead of expanding the square; see {@link squaredDistance}. */
  readonly exact: boolean;

  /**
   * Products that are known to equal the entries of that name: an observed matrix that was factored
   * before. Other matrices are looked at for what they are.
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

  /** The entries of one parameter's gradient. */
  entries(name: string): Tensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new RangeError(`no gradient is named "${name}"; there are ${this.names.join(", ")}`);
    return tensor;
  }

  /** A change of every tensor's entries. */
  map(change: (entries: Tensor, name: string) => Tensor): Gradients {
    return new Gradients(new Map([...this.tensors].map(([name, tensor]) => [name, change(tensor, name)])), this.exact);
  }

  /** ⟨this, other⟩ a parameter, in order. */
  dots(other: Gradients): Tensor[] {
    return this.names.map((name) => dot(this.matrix(name), other.matrix(name)));
  }
  /** ‖this‖² a parameter, in order. */
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
   * ‖this − other‖² over all parameters. Where a matrix is factored it is computed as ‖this‖² −
   * 2⟨this, other⟩ + ‖other‖²: fast, but in float32 it loses its digits once the distance is below
   * a thousandth of ‖other‖². Exact gradients subtract the entries instead.
   */
  squaredDistance(other: Gradients): Tensor {
    return total(this.squaredDistances(other));
  }
  /** ‖this − other‖² a parameter, in order. */
  squaredDistances(other: Gradients): Tensor[] {
    return this.names.map((name) => {
      const [a, b] = [this.matrix(name), other.matrix(name)];
      const expanded = !this.exact && !other.exact && (a.factors || b.factors);
      return expanded ? squaredNorm(a).sub(dot(a, b).mul(2)).add(squaredNorm(b)) : a.entries.sub(b.entries).square().sum();
    });
  }
}

/** Entries, and the product that they are where comparing through it is cheaper. */
interface Matrix {
  readonly entries: Tensor;
  readonly factors: Factors | undefined;
}

const total = (parts: readonly Tensor[]): Tensor => addAll(parts) ?? constant(0);

/**
 * The thin factors of a gradient, where it is such a product and comparing through them is cheaper
 * than building it.
 */
function factorsOf(tensor: Tensor): Factors | undefined {
  if (tensor.kind === "matmul" && tensor.rank === 2) return denseFactors(tensor as Tensor<"matmul">);
  if (tensor.kind === "convWeight") return convolutionFactors(tensor as Tensor<"convWeight">);
  return undefined;
}

/**
 * Building an m × n product of factors with r rows and differentiating its comparison costs about 3
 * r m n; through the factors it costs 2 r m n for the inner product and 3 r² (m + n) for the norm.
 */
export const worthFactoring = (r: number, m: number, n: number): boolean => 3 * r * (m + n) < m * n;

function denseFactors({ attributes: { transposeA, transposeB }, inputs, shape: [m, n] }: Tensor<"matmul">): Factors | undefined {
  const [a, b] = inputs as [Tensor, Tensor];
  const rows = transposeA ? a.shape[0]! : a.shape[1]!;
  if (a.rank !== 2 || b.rank !== 2 || !worthFactoring(rows, m!, n!)) return undefined;
  return { left: transposeA ? a : a.transpose(), right: transposeB ? b.transpose() : b };
}

/**
 * A convolution's weight gradient is a product, too: of its output derivatives and the patches of
 * its pictures, with a row a position.
 */
function convolutionFactors({ attributes, inputs, shape }: Tensor<"convWeight">): Factors | undefined {
  const { stride, dilation, pads, groups, layout, lanes, kernel } = attributes;
  if (lanes || groups > 1) return undefined;
  const first = (t: Tensor) => (layout === "nchw" ? t : t.transpose([0, 3, 1, 2]));
  const [x, y] = inputs.map((t) => first(t!)) as [Tensor, Tensor];
  const [n, o, oh, ow] = y.shape as [number, number, number, number];
  const columns = shape[1]! * kernel[0] * kernel[1];
  if (!worthFactoring(n * oh * ow, o, columns)) return undefined;
  const padded = x.pad([0, 0, pads[0], pads[1]], [0, 0, pads[2], pads[3]]);
  const [, c, h, w] = padded.shape as [number, number, number, number];
  // For each position the kernel's entries, row-major, as [c, kernel height, kernel width] has
  // them.
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
