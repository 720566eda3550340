import { z } from "zod";
import { cosine, layerNorm, squaredDistance } from "../adversary/index.ts";
import { chain, type Defense, defenses, type Likelihood, lawOf } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { type AnyPart, catalogue, chainable, format, part } from "../parts/index.ts";

/**
 * The likelihood that stands for the point mass of an update without a defense: a Gaussian of
 * `width` root mean squares of the update.
 */
export function narrowGaussian(width: number): Likelihood {
  const law = lawOf({ steps: [] });
  if (law.kind !== "deterministic") throw new Error("an update that is sent as it is has a point mass");
  return law.narrow(width);
}

/** What stands for p(g | x): a way to compare gradients, or a defense whose law is assumed. */
type Conditional = { readonly likelihood: Likelihood } | { readonly defense: Defense };

/** Likelihoods that compare gradients and are the law of no defense. */
const comparisons: readonly AnyPart<[], Conditional>[] = [
  part({
    kind: "cosine",
    doc: "Compares whole gradients by their cosine similarity (Geiping et al. 2020).",
    params: {},
    build: () => ({ likelihood: cosine }),
  }),
  part({
    kind: "layer-norm",
    doc: "Adds up the Euclidean distances of each parameter's gradient, not squared (Yin et al. 2021).",
    params: { alpha: z.number().positive().default(1).describe("The factor of the distances. Larger values trust the update more.") },
    build: ({ alpha }) => ({ likelihood: layerNorm(alpha) }),
  }),
  part({
    kind: "narrow",
    doc: "Assumes a Gaussian that is narrow relative to the update, for a client that adds no noise.",
    params: {
      width: z.number().positive().default(0.01).describe("The standard deviation, divided by the root mean square of the update."),
    },
    build: ({ width }) => ({ likelihood: narrowGaussian(width) }),
  }),
  part({
    kind: "squared-distance",
    doc: "Compares gradients by their squared Euclidean distance (Zhu et al. 2019).",
    params: {},
    build: () => ({ likelihood: squaredDistance }),
  }),
];

/** The laws of the defenses. `none` has no density; `narrow` stands for it. */
const laws = defenses.parts
  .filter(({ kind }) => kind !== "none")
  .map((one): AnyPart<[], Conditional> => ({ ...one, build: (params) => ({ defense: one.build(params) as Defense }) }));

const sorted = [...comparisons, ...laws].sort((a, b) => (a.kind < b.kind ? -1 : 1));

/**
 * The catalogue of conditionals: what an attacker can assume for p(g | x). Each is the law of a
 * defense, the law of a chain of defenses, or a way to compare gradients.
 */
export const conditionals = chainable(catalogue<Conditional>("conditional", sorted), (links) => {
  const members = links.map((link) => {
    if ("defense" in link) return link.defense;
    throw new LeakageError(
      "spec",
      `The conditional ${link.likelihood.name} compares gradients and cannot be part of a chain; chains are made of defenses.`,
    );
  });
  return { defense: chain(members) };
});

/**
 * The likelihood of a conditional.
 *
 * @throws LeakageError `spec` if the conditional is a defense without a density.
 */
export function likelihoodOf(spec: ReturnType<typeof conditionals.parse>): Likelihood {
  const built = conditionals.build(spec);
  if ("likelihood" in built) return built.likelihood;
  const law = lawOf(built.defense);
  if (law.kind === "known") return law.likelihood;
  throw new LeakageError(
    "spec",
    `conditional ${format(spec)} has no density p(g | x) to assume${law.kind === "unknown" ? ` (${law.reason})` : ""}; use one that has a density, such as gaussian, or use cosine, layer-norm or narrow.`,
  );
}
