import { z } from "zod";
import { assuming, type Neighborhood } from "../adversary/index.ts";
import type { Likelihood } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { adam, annealed, exponentialRate, lbfgs, narrowed } from "../optimizers/index.ts";
import { format, nested, part } from "../parts/index.ts";
import { type Prior, priors } from "../priors/index.ts";
import { conditionals, likelihoodOf, narrowGaussian } from "./conditionals.ts";
import type { AttackDeclaration, Setting } from "./declaration.ts";

/**
 * The adversary of the paper (Balunović et al. 2022, §4). It assumes the defense's own law and the
 * stated prior, and maximizes the objective of Algorithm 1. With `samples` = 1 it judges single
 * points, which is maximum a posteriori estimation. With more samples it averages over a ball,
 * whose radius is the δ of the score unless `delta` says otherwise.
 */
export const bayes = part({
  kind: "bayes",
  doc: "Maximizes the objective of Algorithm 1 under the defense's law and the stated prior (Balunović et al. 2022).",
  params: {
    conditional: nested("conditional", () => conditionals)
      .optional()
      .describe("The likelihood p(g | x) that the attack assumes. Without it, the attack assumes the law of the defense."),
    prior: nested("prior", () => priors)
      .optional()
      .describe("The prior p(x) that the attack assumes. Without it, the attack takes --prior, or the density of the data."),
    samples: z
      .int()
      .positive()
      .max(4096)
      .default(1)
      .describe("The number of points k that each step draws in the ball. 1 judges the candidate itself."),
    delta: z
      .number()
      .nonnegative()
      .nullable()
      .default(null)
      .describe("The radius of the ball, used if samples > 1. none takes the δ of the score."),
    bound: z
      .enum(["jensen", "log-mean-exp"])
      .default("jensen")
      .describe("What a step maximizes: the paper's lower bound, or the logarithm of the mean probability."),
    points: z
      .enum(["independent", "antithetic"])
      .default("independent")
      .describe("How points are drawn in the ball: independently, or in pairs ±u, which needs an even number of samples."),
    steps: z.int().positive().max(1_000_000).default(1000).describe("The number of steps that the optimizer takes."),
    optimizer: z
      .enum(["adam", "signed-adam", "lbfgs"])
      .default("adam")
      .describe("The optimizer: Adam, Adam on the signs of the gradient, or L-BFGS with a line search."),
    rate: z.number().positive().default(0.1).describe("The learning rate, in model space. Larger steps are faster and less stable."),
    gamma: z
      .number()
      .positive()
      .max(1)
      .default(1)
      .describe("The factor that multiplies the rate after each step. 1 keeps the rate constant."),
    anneal: z
      .number()
      .positive()
      .max(1)
      .nullable()
      .default(null)
      .describe(
        "The factor of the log-likelihood at the start, which grows to 1 over half the steps. none takes 1e-4 if the law has no noise, else 1.",
      ),
    widen: z
      .number()
      .min(1)
      .nullable()
      .default(null)
      .describe("The width of the assumed noise at the start, in true widths. It narrows to 1 over half the steps."),
    langevin: z
      .number()
      .nonnegative()
      .default(0)
      .describe("The standard deviation of the noise that is added after each step, in learning rates."),
    patience: z
      .int()
      .positive()
      .nullable()
      .default(null)
      .describe("The search for an update ends after this many steps without progress. none takes all steps."),
    box: z.boolean().nullable().default(null).describe("Whether the search keeps pixels in [0, 1]. none does so with Adam. L-BFGS cannot."),
    start: z.enum(["normal", "uniform", "zeros"]).default("normal").describe("The distribution of the starting point, in model space."),
    restarts: z.int().positive().max(64).default(1).describe("The number of starts. The attack keeps the one with the best objective."),
  },
  build: (params): AttackDeclaration => ({
    fixesPrior: params.prior !== undefined,
    build: (setting) => {
      const { samples, optimizer, rate, gamma, anneal, widen, langevin, patience, ...search } = params;
      if (params.points === "antithetic" && samples % 2 === 1 && samples > 1)
        throw new LeakageError("spec", `attack bayes: antithetic points come in pairs, so samples must be even; got samples=${samples}.`);
      if (search.box && optimizer === "lbfgs")
        throw new LeakageError("spec", "attack bayes: box=true needs optimizer=adam or signed-adam; lbfgs cannot keep pixels in [0, 1].");
      const { prior, name } = priorOf(params.prior, setting);
      const likelihood = assumedLaw(params.conditional, setting);
      if (widen !== null && !likelihood.widened)
        throw new LeakageError("spec", `attack bayes: widen needs a likelihood whose noise has a width, and ${likelihood.name} has none.`);
      const ball = ballOf(params, setting);
      const from = anneal ?? (params.conditional === undefined && setting.law?.kind !== "known" ? narrowing.from : null);
      const optimizers = { adam: () => adam(), "signed-adam": () => adam({ signed: true }), lbfgs: () => lbfgs() };
      return assuming(
        { likelihood, prior, ...(ball ? { ball } : {}) },
        {
          optimizer: optimizers[optimizer](),
          steps: search.steps,
          rate: exponentialRate(rate, gamma),
          start: search.start,
          box: search.box ?? optimizer !== "lbfgs",
          restarts: search.restarts,
          result: optimizer === "lbfgs" ? "best" : "last",
          ...(from === null ? {} : { anneal: annealed(from) }),
          ...(widen === null ? {} : { widen: narrowed(widen) }),
          ...(langevin > 0 ? { langevin } : {}),
          ...(patience === null ? {} : { patience }),
        },
        { prior: name },
      );
    },
  }),
});

/**
 * For a law without noise: the final width in root mean squares of the update, and the factor that
 * makes the Gaussian as wide as the update at the start.
 */
const narrowing = { width: 0.01, from: 1e-4 };

/**
 * The likelihood that the user states, else the law of the defense. For an update without noise it
 * is a narrow Gaussian around what the batch would send.
 */
function assumedLaw(conditional: ReturnType<typeof conditionals.parse> | undefined, { law }: Setting): Likelihood {
  if (conditional !== undefined) return likelihoodOf(conditional);
  if (!law) return narrowGaussian(narrowing.width);
  if (law.kind === "known") return law.likelihood;
  if (law.kind === "deterministic") return law.narrow(narrowing.width);
  throw new LeakageError(
    "spec",
    `attack bayes assumes the law of the defense, and that law is not known: ${law.reason}. State a likelihood to assume, as in bayes:conditional=(gaussian:sigma=0.1), or use an attack that brings its own (gradleak list attacks).`,
  );
}

/** The prior of the attack itself, else that of the setting. */
function priorOf(
  own: ReturnType<typeof priors.parse> | undefined,
  { prior, examples }: Setting,
): { readonly prior: Prior; readonly name: string } {
  if (own !== undefined) return { prior: priors.build(own, examples ? { examples } : {}), name: format(own) };
  if (prior) return prior;
  throw new LeakageError("spec", "attack bayes needs a prior, and the data has no known density: state --prior (gradleak list priors).");
}

function ballOf(
  { samples, delta, bound, points }: Pick<Neighborhood, "samples" | "bound" | "points"> & { readonly delta: number | null },
  { radius }: Setting,
): Neighborhood | undefined {
  const own = delta ?? radius?.radius ?? 0;
  return samples > 1 && own > 0 ? { samples, radius: own, space: radius?.space ?? "model", bound, points } : undefined;
}
