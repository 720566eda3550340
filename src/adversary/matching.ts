import type { Likelihood } from "../defenses/index.ts";
import { constant, type Tensor, where } from "../graph/index.ts";

/**
 * log p(g | x) = cos(g, G(x)) − 1 over all parameters together: gradients that point the same way are likely, whatever their length (Geiping et al. 2020). The paper
 * prints it with the opposite sign, which is a slip.
 */
export const cosine: Likelihood = {
  name: "cosine similarity",
  cancels: false,
  given: (client) => (batch) => {
    const gradients = client.gradients(batch);
    return { logProb: (update) => gradients.dot(update).div(gradients.squaredNorm().mul(update.squaredNorm()).sqrt()).sub(1) };
  },
};

/** log p(g | x) = −‖g − G(x)‖²: the objective of DLG, a Gaussian of standard deviation √½ (Zhu et al. 2019). */
export const squaredDistance: Likelihood = {
  name: "squared distance",
  cancels: true,
  given: (client) => (batch) => {
    const gradients = client.gradients(batch);
    return { logProb: (update) => gradients.squaredDistance(update).neg() };
  },
};

/** √x, with value and derivative 0 at and below 0. */
function root(square: Tensor): Tensor {
  const positive = square.greater(0);
  return where(positive, where(positive, square, 1).sqrt(), 0);
}

/**
 * log p(g | x) = −α Σ_l ‖g_l − G_l(x)‖₂ over parameters l: the un-squared norms that GradInversion adds up (Yin et al. 2021), the law Π exp(−α ‖·‖₂). The paper's
 * Table 1 reads it as a Gaussian.
 */
export const layerNorm = (alpha: number): Likelihood => ({
  name: `layer norms with factor ${alpha}`,
  cancels: true,
  given: (client) => (batch) => {
    const gradients = client.gradients(batch);
    return {
      logProb: (update) =>
        gradients
          .squaredDistances(update)
          .map(root)
          .reduce((sum, norm) => sum.add(norm))
          .mul(-alpha),
    };
  },
});

/**
 * What an attacker takes for the point mass of a client that sends its gradient as it is: a Gaussian whose standard deviation an entry is `width` times the root mean
 * square of the observed entries, log p(g | x) = −P ‖g − G‖² / (2 width² ‖g‖²), without its constant. The search anneals it from a wider one.
 */
export const narrowGaussian = (width: number): Likelihood => ({
  name: `gaussian of ${width} of the update's root mean square`,
  cancels: true,
  given: (client) => (batch) => {
    const gradients = client.gradients(batch);
    const entries = client.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    return {
      logProb: (update) =>
        gradients
          .squaredDistance(update)
          .div(update.squaredNorm())
          .mul(constant(-entries / (2 * width ** 2))),
    };
  },
});
