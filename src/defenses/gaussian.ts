import { z } from "zod";
import { normal } from "../distributions/index.ts";
import { part } from "../spec/index.ts";
import { type Defense, type Likelihood, onGradient } from "./defense.ts";

/** log p(g | x) = −‖g − G(x)‖² / 2σ², up to its constant. */
export const gaussianLikelihood = (sigma: number): Likelihood => ({
  name: `gaussian with sigma ${sigma}`,
  cancels: true,
  given: (client) => (batch) => {
    const gradients = client.gradients(batch);
    return { logProb: (update) => gradients.squaredDistance(update).mul(-0.5 / sigma ** 2) };
  },
});

/** Gaussian noise on every entry of the gradient. */
export const gaussian = part({
  kind: "gaussian",
  doc: "Adds N(0, sigma²) to every gradient entry.",
  params: { sigma: z.number().positive().default(0.1).describe("Standard deviation sigma.") },
  build: ({ sigma }): Defense => onGradient((g) => normal(g, sigma), gaussianLikelihood(sigma)),
});
