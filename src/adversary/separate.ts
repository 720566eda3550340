/** What the rows of a dense layer's gradients say about the inputs of a batch. */
export interface Separated {
  /** Inputs that single units give away, [found, inputs], each agreed on by at least two units. */
  readonly inputs: readonly Float64Array[];
  /** The units that stand behind each of them. */
  readonly units: readonly (readonly number[])[];
  /** The mean of all inputs that reach the other units, weighted by their derivatives; null if there are none. */
  readonly rest: Float64Array | null;
  /** The number of units that saw several inputs, or one that no other unit saw alone. */
  readonly mixed: number;
}

/** Rows whose quotients differ by less than this part of their length are of the same input. */
const tolerance = 1e-4;

const distance = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
};
const length = (a: Float64Array): number => Math.sqrt(a.reduce((sum, entry) => sum + entry * entry, 0));

/**
 * The inputs x_b of a dense layer a = W x + b from its gradients for a batch, as far as units
 * separate them. Row i of ∂ℓ/∂W is Σ_b δ_ib x_b, and ∂ℓ/∂b_i is Σ_b δ_ib. Where a unit is active
 * for one input only, the quotient of both is that input (Phong et al. 2018). Two units that agree
 * are of the same input; a mixture would have to have the same weights twice. All rows of an input
 * are averaged by least squares, Σ ∂ℓ/∂b_i ∂ℓ/∂W_i / Σ (∂ℓ/∂b_i)², so the rounding of float32 averages
 * out. For one input all rows are its own.
 *
 * @param weight ∂ℓ/∂W, [outputs, inputs], row by row.
 * @param bias ∂ℓ/∂b, [outputs].
 * @param batchSize the number of inputs behind the gradients.
 */
export function separateInputs(weight: ArrayLike<number>, bias: ArrayLike<number>, batchSize: number): Separated {
  const outputs = bias.length;
  const size = weight.length / outputs;
  const active = Array.from({ length: outputs }, (_, i) => i).filter((i) => bias[i] !== 0);
  const averaged = (units: readonly number[]): Float64Array => {
    const sum = new Float64Array(size);
    let squares = 0;
    for (const i of units) {
      const delta = bias[i]!;
      squares += delta * delta;
      for (let j = 0; j < size; j++) sum[j]! += delta * weight[i * size + j]!;
    }
    return sum.map((entry) => entry / squares);
  };
  if (batchSize === 1) {
    const whole = active.length === 0 ? [] : [averaged(active)];
    return { inputs: whole, units: whole.map(() => active), rest: null, mixed: 0 };
  }
  // Units with large derivatives come first: their quotients have the most digits.
  const order = [...active].sort((a, b) => Math.abs(bias[b]!) - Math.abs(bias[a]!));
  const quotient = (i: number) => Float64Array.from({ length: size }, (_, j) => weight[i * size + j]! / bias[i]!);
  const groups: { readonly first: Float64Array; readonly norm: number; readonly units: number[] }[] = [];
  for (const i of order) {
    const own = quotient(i);
    const norm = length(own);
    const group = groups.find(
      ({ first, norm: other }) => Math.abs(norm - other) < tolerance * other && distance(own, first) < tolerance * other,
    );
    if (group) group.units.push(i);
    else groups.push({ first: own, norm, units: [i] });
  }
  const agreed = groups
    .filter(({ units }) => units.length > 1)
    .sort((a, b) => b.units.length - a.units.length)
    .slice(0, batchSize);
  const others = groups.filter((group) => !agreed.includes(group)).flatMap(({ units }) => units);
  return {
    inputs: agreed.map(({ units }) => averaged(units)),
    units: agreed.map(({ units }) => units),
    rest: others.length === 0 ? null : averaged(others),
    mixed: others.length,
  };
}
