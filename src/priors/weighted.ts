import { z } from "zod";
import { kernelOf } from "../distributions/index.ts";
import { type Catalogue, type Chain, nested, part } from "../parts/index.ts";
import type { Prior, PriorContext } from "./prior.ts";

/** The catalogue that a weighted prior is of, and is taken from. */
export type Priors = Catalogue<Prior, [context?: PriorContext], Chain>;

/** p(x) ∝ p₀(x)^weight: the logarithm of another prior times a factor. It has no sampler. */
export const weighted = (priors: () => Priors) =>
  part({
    kind: "weighted",
    doc: "Another prior whose logarithm has a factor.",
    params: {
      prior: nested("prior", priors).describe("The other prior."),
      weight: z.number().nonnegative().default(1).describe("Factor of its logarithm."),
    },
    build: ({ prior, weight }, context?: PriorContext): Prior => {
      const inner = priors().build(prior, context);
      return {
        density: (client) => {
          const density = inner.density(client);
          return {
            logProb: (batch) => density.logProb(batch).mul(weight),
            kernel: (batch) => kernelOf(density, batch).mul(weight),
          };
        },
      };
    },
  });
