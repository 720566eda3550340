import { z } from "zod";
import { laplace } from "../distributions/index.ts";
import { addAll } from "../graph/index.ts";
import { part } from "../spec/index.ts";
import { type Defense, type Likelihood, onGradient } from "./defense.ts";

/** log p(g | x) = −‖g − G(x)‖₁ / b, up to its constant. */
export const laplacianLikelihood = (scale: number): Likelihood => ({
  name: `laplacian with scale ${scale}`,
  cancels: false,
  given: (client) => (batch) => {
    const gradients = client.gradients(batch);
    return {
      logProb: (update) => addAll(update.names.map((name) => update.entries(name).sub(gradients.entries(name)).abs().sum()))!.div(-scale),
    };
  },
});

/** Laplacian noise on every entry of the gradient. */
export const laplacian = part({
  kind: "laplacian",
  doc: "Adds Laplace(0, scale) to every gradient entry.",
  params: { scale: z.number().positive().default(0.1).describe("Scale b.") },
  build: ({ scale }): Defense => onGradient((g) => laplace(g, scale), laplacianLikelihood(scale)),
});
