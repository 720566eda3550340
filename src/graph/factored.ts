import { addAll, constant, type Tensor } from "./tensor.ts";

/** A matrix as a product leftᵀ · right of factors with few rows, [rows, m] and [rows, n]. */
interface Factors {
  readonly left: Tensor;
  readonly right: Tensor;
}

/**
 * The gradient of a loss in named parameters, or an observed one. Matrices that come as a product of thin factors (every dense layer's gradient is one, with a
 * row an example) are compared through the factors and never built, unless their entries are asked for.
 */
export class Gradients {
  /** Entries by name, in the order of the model's state_dict. */
  readonly tensors: ReadonlyMap<string, Tensor>;

  /** Distances subtract entries instead of expanding the square; see {@link squaredDistance}. */
  readonly exact: boolean;

  constructor(tensors: ReadonlyMap<string, Tensor>, exact = false) {
    this.tensors = tensors;
    this.exact = exact;
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
    return this.names.map((name) => dot(this.entries(name), other.entries(name)));
  }
  /** ‖this‖² a parameter, in order. */
  squaredNorms(): Tensor[] {
    return this.names.map((name) => squaredNorm(this.entries(name)));
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
   * ‖this − other‖² over all parameters. Where a matrix is factored it is computed as ‖this‖² − 2⟨this, other⟩ + ‖other‖²: fast, but in float32 it loses its
   * digits once the distance is below a thousandth of ‖other‖². Exact gradients subtract the entries instead.
   */
  squaredDistance(other: Gradients): Tensor {
    return total(this.squaredDistances(other));
  }
  /** ‖this − other‖² a parameter, in order. */
  squaredDistances(other: Gradients): Tensor[] {
    return this.names.map((name) => {
      const [a, b] = [this.entries(name), other.entries(name)];
      const expanded = !this.exact && !other.exact && (factorsOf(a) || factorsOf(b));
      return expanded ? squaredNorm(a).sub(dot(a, b).mul(2)).add(squaredNorm(b)) : a.sub(b).square().sum();
    });
  }
}

const total = (parts: readonly Tensor[]): Tensor => addAll(parts) ?? constant(0);

/** The thin factors of a matrix, where it is such a product and comparing through them is cheaper than building it. */
function factorsOf(tensor: Tensor): Factors | undefined {
  if (tensor.kind !== "matmul" || tensor.rank !== 2) return undefined;
  const { transposeA, transposeB } = (tensor as Tensor<"matmul">).attributes;
  const [a, b] = tensor.inputs as [Tensor, Tensor];
  const [m, n] = tensor.shape as [number, number];
  const rows = transposeA ? a.shape[0]! : a.shape[1]!;
  // Building and differentiating costs 3·rows·m·n, the factored form 2·rows·m·n + rows²·(m + n).
  if (a.rank !== 2 || b.rank !== 2 || rows * (m + n) >= m * n) return undefined;
  return { left: transposeA ? a : a.transpose(), right: transposeB ? b.transpose() : b };
}

function dot(a: Tensor, b: Tensor): Tensor {
  const factors = factorsOf(a);
  if (factors) return factors.left.matmul(b).mul(factors.right).sum();
  return factorsOf(b) ? dot(b, a) : a.mul(b).sum();
}

function squaredNorm(a: Tensor): Tensor {
  const factors = factorsOf(a);
  if (!factors) return a.square().sum();
  const gram = (side: Tensor) => side.matmul(side, false, true);
  return gram(factors.left).mul(gram(factors.right)).sum();
}
