import { z } from "zod";
import { kernelOf } from "../distributions/index.ts";
import { type Catalogue, type Chain, nested, part } from "../parts/index.ts";
import type { Prior, PriorContext } from "./prior.ts";

/** The catalogue that a weighted prior belongs to and takes its inner prior from. */
export type Priors = Catalogue<Prior, [context?: PriorContext], Chain>;

/** What a search climbs, if the inner prior is softened. */
const softened = ({ softened }: Prior, weight: number): Pick<Prior, "softened"> =>
  softened
    ? {
        softened: (client) => {
          const own = softened(client);
          return (batch) => own(batch).mul(weight);
        },
      }
    : {};

/** p(x) ∝ p₀(x)^weight: the logarithm of another prior times a factor. It has no sampler. */
export const weighted = (priors: () => Priors) =>
  part({
    kind: "weighted",
    doc: "Multiplies the logarithm of another prior by a factor.",
    params: {
      prior: nested("prior", priors).describe("The prior that gets a factor."),
      weight: z.number().nonnegative().default(1).describe("The factor of its logarithm. Larger values trust the prior more."),
    },
    build: ({ prior, weight }, context?: PriorContext): Prior => {
      const inner = priors().build(prior, context);
      const labels = {
        ...(inner.usesLabels ? { usesLabels: true } : {}),
        ...(inner.support ? { support: inner.support } : {}),
        ...softened(inner, weight),
      };
      if (inner.score) {
        const { score } = inner;
        return {
          ...labels,
          score: (client) => {
            const own = score(client);
            return (batch) => own(batch).mul(weight);
          },
        };
      }
      return {
        ...labels,
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
