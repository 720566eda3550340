import { z } from "zod";
import { cosine, layerNorm } from "../adversary/index.ts";
import { defenses, type Likelihood } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { catalogue, format, type PartSpec, part } from "../parts/index.ts";

/** What is taken for the point mass of an update that is sent as it is, where nobody said what the defense was. */
export const narrowGaussian = (width: number): Likelihood => defenses.build("none").narrow!(width);

/** Likelihoods that are no defense's law: ways to compare gradients. */
const matchings = catalogue<Likelihood>("conditional", [
  part({ kind: "cosine", doc: "Cosine similarity of whole gradients (Geiping et al. 2020).", params: {}, build: () => cosine }),
  part({
    kind: "layer-norm",
    doc: "Sum of the distances of each parameter's gradient, un-squared (Yin et al. 2021).",
    params: { alpha: z.number().positive().default(1).describe("Factor of the distances.") },
    build: ({ alpha }) => layerNorm(alpha),
  }),
  part({
    kind: "narrow",
    doc: "A Gaussian that is narrow beside the update, for a client that sends its gradient as it is.",
    params: { width: z.number().positive().default(0.01).describe("Standard deviation over the root mean square of the update.") },
    build: ({ width }) => narrowGaussian(width),
  }),
]);

const isMatching = (kind: unknown): boolean => matchings.parts.some((one) => one.kind === kind);

/** What an attacker can take for p(g | x): the law of any defense that has one, or a way to compare gradients. */
export const conditionals = {
  parse(input: unknown): ReturnType<typeof defenses.parse> {
    const kind = typeof input === "string" ? /^[a-z-]+/.exec(input.trim())?.[0] : (input as Partial<PartSpec> | null)?.kind;
    return isMatching(kind) ? matchings.parse(input) : defenses.parse(input);
  },
  /** @throws LeakageError `spec` for a defense without a law. */
  build(spec: ReturnType<typeof defenses.parse>): Likelihood {
    if ("kind" in spec && isMatching(spec.kind)) return matchings.build(spec);
    const { likelihood } = defenses.build(spec);
    if (likelihood) return likelihood;
    throw new LeakageError(
      "spec",
      `conditional ${format(spec)} has no density p(g | x) to assume; use one that has, such as gaussian, or cosine, layer-norm or narrow.`,
    );
  },
};
