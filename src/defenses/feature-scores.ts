import { concat, constant, dependents, grad, type Tensor, topological, vmap, where } from "../graph/index.ts";

/** The operations that compute each entry from the entries at the same place. */
const entrywise: ReadonlySet<string> = new Set([
  "add",
  "sub",
  "mul",
  "div",
  "neg",
  "exp",
  "erf",
  "abs",
  "relu",
  "sigmoid",
  "tanh",
  "softplus",
  "where",
  "greater",
  "greaterEqual",
  "less",
  "lessEqual",
  "maximum",
  "minimum",
]);

/** How many features' derivatives are computed together. More need more memory and are no faster. */
const together = 250;

/** The features behind an activation: φ(a Wᵀ + b). */
interface Activated {
  /** The inputs a of the dense layer, [B, m]. */
  readonly inputs: Tensor;
  /** W, [n, m]. */
  readonly weight: Tensor;
  /** φ′ at each feature, [B, n]. */
  readonly slope: Tensor;
}

/** The dense layer whose activations are the features, if they are that. */
function activated(features: Tensor, x: Tensor): Activated | undefined {
  const varies = dependents(topological([features]), [x]);
  const order = topological([features], ({ kind }) => entrywise.has(kind));
  const sources = order.filter((tensor) => varies.has(tensor) && !entrywise.has(tensor.kind));
  const [product] = sources;
  if (sources.length !== 1 || product!.kind !== "matmul" || product!.size !== features.size) return undefined;
  const { transposeA, transposeB } = (product as Tensor<"matmul">).attributes;
  const [inputs, weight] = product!.inputs as [Tensor, Tensor];
  if (transposeA || !transposeB || weight.kind !== "constant" || weight.rank !== 2) return undefined;
  return { inputs, weight, slope: grad(features, [product!])[0]! };
}

/**
 * What `keep` makes of the derivative of each feature by the inputs, [n, …]. All derivatives come
 * from a few calls: the features are lanes. If the features are the activations of a dense layer,
 * the derivatives begin at its inputs, so that no matrix of n × n enters the product.
 *
 * @param features [B, n], computed from x.
 * @param x the inputs [B, …].
 * @param keep takes ∂(Σ_b r_bf)/∂x, of the shape of x. In eval mode its row b is ∂r_bf/∂x_b.
 */
function eachDerivative(features: Tensor, x: Tensor, keep: (derivative: Tensor) => Tensor): Tensor {
  const [rows, n] = features.shape as [number, number];
  const dense = activated(features, x);
  const blocks = Array.from({ length: Math.ceil(n / together) }, (_, i) => [i * together, Math.min(n, (i + 1) * together)] as const);
  return concat(
    blocks.map(([from, to]) => {
      if (!dense) {
        const units = Float32Array.from({ length: (to - from) * n }, (_, i) => Number(from + Math.floor(i / n) === i % n));
        return vmap((unit: Tensor) => keep(grad(features, [x], unit.expand([rows, n]))[0]!))(constant(units, [to - from, n]));
      }
      const lanes = { weight: dense.weight.range(0, from, to), slope: dense.slope.transpose().range(0, from, to) };
      return vmap(({ weight, slope }: { readonly weight: Tensor; readonly slope: Tensor }) =>
        keep(grad(dense.inputs, [x], slope.reshape([rows, 1]).mul(weight))[0]!),
      )(lanes);
    }),
  );
}

/** ‖∂r_bf/∂x_b‖₂ of each feature of each example, [B, n]. */
export const derivativeNorms = (features: Tensor, x: Tensor): Tensor =>
  eachDerivative(features, x, (derivative) => derivative.reshape([x.shape[0]!, -1]).square().sum(1))
    .transpose()
    .sqrt();

/** The squared share of the largest singular value below which a direction is damped. */
const damping = 1e-5;

/** Newton's iterations double the digits once they have some, which takes log₂(1/damping) of them. */
const iterations = 22;

/**
 * ‖J⁺ e_f‖₂ of each feature of each example, [B, n], where J [n, d] is the Jacobian of all features
 * of one example by its inputs. J⁺ is the pseudo-inverse, damped as Jᵀ(JJᵀ + λ)⁻¹ with λ 1e-5 of the
 * norm of JJᵀ: float32 knows no smaller singular values. The inverse comes from Newton's iteration
 * X ← X(2 − AX), which is made of matrix products. A feature that depends on nothing has 0.
 */
export function inverseNorms(features: Tensor, x: Tensor): Tensor {
  const rows = x.shape[0]!;
  const jacobians = eachDerivative(features, x, (derivative) => derivative.reshape([rows, -1])).transpose([1, 0, 2]);
  return vmap((jacobian: Tensor) => {
    const n = jacobian.shape[0]!;
    const gram = jacobian.matmul(jacobian, false, true);
    const scale = gram.square().sum().sqrt();
    const unit = constant(
      Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
      [n, n],
    );
    const scaled = gram.div(where(scale.greater(0), scale, 1));
    const damped = scaled.add(unit.mul(damping));
    let inverse = unit;
    for (let i = 0; i < iterations; i++) inverse = inverse.mul(2).sub(inverse.matmul(damped.matmul(inverse)));
    const squares = inverse.matmul(scaled).mul(inverse).sum(1).maximum(0);
    return where(scale.greater(0), squares.div(where(scale.greater(0), scale, 1)).sqrt(), 0);
  })(jacobians);
}

/**
 * The percentile of scores [n], interpolated between order statistics as numpy does.
 *
 * @param percent from 0 to 100.
 */
export function percentile(scores: Tensor, percent: number): Tensor {
  const n = scores.size;
  const place = ((n - 1) * percent) / 100;
  const [low, high] = [Math.floor(place), Math.ceil(place)];
  // The k-th smallest score, from 0, is the largest one with at most k smaller ones.
  const smaller = scores
    .reshape([1, n])
    .less(scores.reshape([n, 1]))
    .toFloat()
    .sum(1);
  const ordered = (k: number) => where(smaller.lessEqual(k), scores, Number.NEGATIVE_INFINITY).max();
  const least = ordered(low);
  return low === high
    ? least
    : least.add(
        ordered(high)
          .sub(least)
          .mul(place - low),
      );
}
