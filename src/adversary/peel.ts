import type { Likelihood } from "../defenses/index.ts";
import { concat, type Tensor } from "../graph/index.ts";

/** The rounds of power iteration. Noise-free gradients need one. */
const rounds = 12;

/**
 * The input of a dense layer a = W x + b from its gradients for one example, from all rows together.
 * [∂ℓ/∂W, ∂ℓ/∂b] is (∂ℓ/∂a) (x, 1)ᵀ, a matrix of rank 1. Behind equal noise on all entries the
 * likeliest one is its best approximation of rank 1, whose right singular vector is (x, 1) up to a
 * factor. Power iteration finds it, from the rows weighted by their bias gradients.
 *
 * @param weight ∂ℓ/∂W, [outputs, inputs].
 * @param bias ∂ℓ/∂b, [outputs].
 * @returns x, [inputs]. It is not finite if the gradient is 0.
 */
export function peelDense(weight: Tensor, bias: Tensor): Tensor {
  const [outputs, inputs] = weight.shape as [number, number];
  const whole = concat([weight, bias.reshape([outputs, 1])], 1);
  const unit = (v: Tensor) => v.div(v.square().sum().sqrt());
  let right = unit(bias.reshape([1, outputs]).matmul(whole));
  for (let i = 0; i < rounds; i++) right = unit(right.matmul(whole, false, true).matmul(whole));
  return right
    .range(1, 0, inputs)
    .div(right.range(1, inputs, inputs + 1))
    .reshape([inputs]);
}

/** The name under which a peeled input is published to {@link peeledInput}. */
export const peeled = "peeled";

/**
 * log p = −‖t − f(x)‖² / ‖t‖², where f(x) is the input of a layer and t what was peeled off its
 * gradient. The rest of the update does not count.
 */
export const peeledInput = (layer: string): Likelihood => ({
  name: `the input of ${layer}, peeled off the update`,
  anyScale: true,
  cancels: false,
  entries: false,
  given: (client) => (batch, published) => {
    const input = client.taps(batch).get(`${layer}.input`)!;
    const target = published![peeled]!;
    const far = input.reshape(target.shape).sub(target).square().sum();
    return { logProb: () => far.div(target.square().sum()).neg() };
  },
});
