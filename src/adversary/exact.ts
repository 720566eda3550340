import type { Tensor } from "../graph/index.ts";

/**
 * The input of a dense layer a = W x + b from its gradients for one example. ∂ℓ/∂W is (∂ℓ/∂b) xᵀ,
 * so any row divided by its bias gradient is x if that gradient is not 0 (Phong et al. 2018). The
 * formula takes the row with the largest bias gradient.
 *
 * @param weight ∂ℓ/∂W, [outputs, inputs].
 * @param bias ∂ℓ/∂b, [outputs].
 * @returns x, [inputs]. It is not finite if all bias gradients are 0, because then no unit saw the
 * input.
 */
export function invertDense(weight: Tensor, bias: Tensor): Tensor {
  const chosen = bias.abs().reshape([1, -1]).argmax().oneHot(bias.size);
  return chosen
    .matmul(weight)
    .div(chosen.matmul(bias.reshape([-1, 1])))
    .reshape([-1]);
}

/** The share of a layer's gradient that an exact input may contradict: what float32 rounds. */
export const rounding = 1e-8;

/**
 * The share of ‖∂ℓ/∂W‖² that contradicts an input: ‖∂ℓ/∂W − (∂ℓ/∂b) xᵀ‖² / ‖∂ℓ/∂W‖². Of the update
 * of one example it is 0 at the input. Noise and masks make it larger; a factor on the update does
 * not.
 *
 * @param weight ∂ℓ/∂W, [outputs, inputs].
 * @param bias ∂ℓ/∂b, [outputs].
 * @param x an input, [inputs].
 * @returns a scalar.
 */
export const contradiction = (weight: Tensor, bias: Tensor, x: Tensor): Tensor =>
  weight
    .sub(bias.reshape([-1, 1]).matmul(x.reshape([1, -1])))
    .square()
    .sum()
    .div(weight.square().sum());
