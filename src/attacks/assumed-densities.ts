import type { Likelihood } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { format, nested } from "../parts/index.ts";
import { type Prior, priors } from "../priors/index.ts";
import { conditionals, likelihoodOf, narrowGaussian } from "./conditionals.ts";
import type { Setting } from "./declaration.ts";

/**
 * For a law without noise: the final width in root mean squares of the update, and the factor that
 * makes the Gaussian as wide as the update at the start.
 */
const narrow = { width: 0.01, from: 1e-4 };

/** The parameters of an attack whose densities are open. */
export const densities = {
  conditional: nested("conditional", () => conditionals)
    .optional()
    .describe("The likelihood p(g | x) that the attack assumes. Without it, the attack assumes the law of the defense."),
  prior: nested("prior", () => priors)
    .optional()
    .describe("The prior p(x) that the attack assumes. Without it, the attack takes --prior, or the density of the data."),
};

/** A likelihood that the user states. */
type Conditional = ReturnType<typeof conditionals.parse> | undefined;

/**
 * The likelihood that the user states, else the law of the defense. For an update without noise it
 * is a narrow Gaussian around what the batch would send.
 *
 * @param attack the name of the attack in errors.
 * @throws LeakageError `spec` for a law that nobody knows.
 */
export function assumedLaw(attack: string, conditional: Conditional, { law }: Setting): Likelihood {
  if (conditional !== undefined) return likelihoodOf(conditional);
  if (!law) return narrowGaussian(narrow.width);
  if (law.kind === "known") return law.likelihood;
  if (law.kind === "deterministic") return law.narrow(narrow.width);
  throw new LeakageError(
    "spec",
    `attack ${attack} assumes the law of the defense, and that law is not known: ${law.reason}. State a likelihood to assume, as in ${attack}:conditional=(gaussian:sigma=0.1), or use an attack that brings its own (gradleak list attacks).`,
  );
}

/** The factor at which the log-likelihood starts where the law has no noise; else null. */
export const narrowing = (conditional: Conditional, { law }: Setting): number | null =>
  conditional === undefined && law?.kind !== "known" ? narrow.from : null;

/**
 * The prior of the attack itself, else that of the setting.
 *
 * @param attack the name of the attack in errors.
 * @throws LeakageError `spec` if there is none.
 */
export function assumedPrior(
  attack: string,
  own: ReturnType<typeof priors.parse> | undefined,
  { prior, examples }: Setting,
): { readonly prior: Prior; readonly name: string } {
  if (own !== undefined) return { prior: priors.build(own, examples ? { examples } : {}), name: format(own) };
  if (prior) return prior;
  throw new LeakageError(
    "spec",
    `attack ${attack} needs a prior, and the data has no known density: state --prior (gradleak list priors).`,
  );
}
