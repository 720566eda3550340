import { z } from "zod";
import { cosine, layerNorm, squaredDistance } from "../adversary/index.ts";
import { chain, type Defense, defenses, type Likelihood, lawOf } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { type AnyPart, catalogue, chainable, format, part } from "../parts/index.ts";

/**
 * What is taken for the point mass of an update that is sent as it is, where nobody said what the
 * defense was.
 */
export function narrowGaussian(width: number): Likelihood {
  const law = lawOf({ steps: [] });
  if (law.kind !== "deterministic") throw new Error("an update that is sent as it is has a point mass");
  return law.narrow(width);
}

/** What stands for p(g | x): a way to compare gradients, or a defense whose law is meant. */
type Conditional = { readonly likelihood: Likelihood } | { readonly defense: Defense };

/** Likelihoods that are no defense's law: ways to compare gradients. */
const comparisons: readonly AnyPart<[], Conditional>[] = [
  part({
    kind: "cosine",
    doc: "Cosine similarity of whole gradients (Geiping et al. 2020).",
    params: {},
    build: () => ({ likelihood: cosine }),
  }),
  part({
    kind: "layer-norm",
    doc: "Sum of the distances of each parameter's gradient, not squared (Yin et al. 2021).",
    params: { alpha: z.number().positive().default(1).describe("Factor of the distances.") },
    build: ({ alpha }) => ({ likelihood: layerNorm(alpha) }),
  }),
  part({
    kind: "narrow",
    doc: "A Gaussian that is narrow compared with the update, for a client that sends its gradient as it is.",
    params: {
      width: z.number().positive().default(0.01).describe("Standard deviation, divided by the root mean square of the update."),
    },
    build: ({ width }) => ({ likelihood: narrowGaussian(width) }),
  }),
  part({
    kind: "squared-distance",
    doc: "Squared Euclidean distance of gradients (Zhu et al. 2019).",
    params: {},
    build: () => ({ likelihood: squaredDistance }),
  }),
];

/** The laws of defenses. `none` has no density, and narrow stands for it. */
const laws = defenses.parts
  .filter(({ kind }) => kind !== "none")
  .map((one): AnyPart<[], Conditional> => ({ ...one, build: (params) => ({ defense: one.build(params) as Defense }) }));

const sorted = [...comparisons, ...laws].sort((a, b) => (a.kind < b.kind ? -1 : 1));

/**
 * What an attacker can take for p(g | x): the law of a defense or of a chain of them, or a way to
 * compare gradients.
 */
export const conditionals = chainable(catalogue<Conditional>("conditional", sorted), (links) => {
  const members = links.map((link) => {
    if ("defense" in link) return link.defense;
    throw new LeakageError("spec", `A conditional that compares gradients (${link.likelihood.name}) cannot be chained with others.`);
  });
  return { defense: chain(members) };
});

/** The likelihood of a conditional. @throws LeakageError `spec` for a defense without a density. */
export function likelihoodOf(spec: ReturnType<typeof conditionals.parse>): Likelihood {
  const built = conditionals.build(spec);
  if ("likelihood" in built) return built.likelihood;
  const law = lawOf(built.defense);
  if (law.kind === "known") return law.likelihood;
  throw new LeakageError(
    "spec",
    `conditional ${format(spec)} has no density p(g | x) to assume${law.kind === "unknown" ? ` (${law.reason})` : ""}; use one that has, such as gaussian, or cosine, layer-norm or narrow.`,
  );
}
