import type { Likelihood } from "../defenses/index.ts";
import { root } from "../graph/index.ts";

/**
 * log p(g | x) = cos(g, G(x)) − 1 over all parameters together. Gradients that point in the same
 * direction are likely, whatever their length (Geiping et al. 2020). The paper prints the opposite
 * sign, which is a typo.
 */
export const cosine: Likelihood = {
  name: "cosine similarity",
  anyScale: true,
  cancels: false,
  entries: false,
  given: (client) => (batch) => {
    const all = client.update(batch);
    return {
      logProb: (update) => {
        const gradients = all.only(update.names);
        return gradients.dot(update).div(gradients.squaredNorm().mul(update.squaredNorm()).sqrt()).sub(1);
      },
    };
  },
};

/**
 * log p(g | x) = −‖g − G(x)‖². This is the objective of DLG, a Gaussian with standard deviation √½
 * (Zhu et al. 2019).
 */
export const squaredDistance: Likelihood = {
  name: "squared distance",
  cancels: true,
  entries: false,
  given: (client) => (batch) => {
    const gradients = client.update(batch);
    return { logProb: (update) => gradients.only(update.names).squaredDistance(update).neg() };
  },
};

/**
 * log p(g | x) = −α Σ_l ‖g_l − G_l(x)‖₂ over parameters l. These are the norms, not squared, that
 * GradInversion adds up (Yin et al. 2021): the law Π exp(−α ‖·‖₂). The paper's Table 1 reads it as
 * a Gaussian.
 */
export const layerNorm = (alpha: number): Likelihood => ({
  name: `layer norms with factor ${alpha}`,
  cancels: true,
  entries: false,
  given: (client) => (batch) => {
    const gradients = client.update(batch);
    return {
      logProb: (update) =>
        gradients
          .only(update.names)
          .squaredDistances(update)
          .map(root)
          .reduce((sum, norm) => sum.add(norm))
          .mul(-alpha),
    };
  },
});
