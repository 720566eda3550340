import type { Likelihood } from "../defenses/index.ts";

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
