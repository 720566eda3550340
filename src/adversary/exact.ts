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
