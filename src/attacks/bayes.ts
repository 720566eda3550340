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
 * The adversary of the paper (Balunović et al., §4): it assumes the law of the defense that is
 * there and the prior that is stated, and maximizes Algorithm 1's objective. With `samples` = 1 it
 * judges single points, which is maximum a posteriori; with more, it averages over a ball whose
 * radius is the score's own δ.
 */
export const bayes = part({
  kind: "bayes",
  doc: "Algorithm 1: the law of the defense that is there and the prior that is stated (Balunović et al.).",
  params: {
    conditional: nested("conditional", () => conditionals)
      .optional()
      .describe("Assumed p(g | x); without it, the law of the declared defense."),
    prior: nested("prior", () => priors)
      .optional()
      .describe("Assumed p(x); without it, the stated one, or the data's own density."),
    samples: z.int().positive().max(4096).default(1).describe("Points k drawn in the ball at each step; 1 judges the point itself."),
    delta: z
      .number()
      .nonnegative()
      .nullable()
      .default(null)
      .describe("Radius of the ball where samples > 1; none takes the δ of the score."),
    bound: z
      .enum(["jensen", "log-mean-exp"])
      .default("jensen")
      .describe("The paper's lower bound, or the logarithm of the mean probability."),
    points: z.enum(["independent", "antithetic"]).default("independent").describe("Independent points, or pairs ±u."),
    steps: z.int().positive().max(1_000_000).default(1000).describe("Steps of the optimizer."),
    optimizer: z.enum(["adam", "signed-adam", "lbfgs"]).default("adam").describe("Adam; Adam on signs; L-BFGS with a line search."),
    rate: z.number().positive().default(0.1).describe("Learning rate."),
    gamma: z.number().positive().max(1).default(1).describe("The rate is multiplied by this after each step."),
    anneal: z
      .number()
      .positive()
      .max(1)
      .nullable()
      .default(null)
      .describe(
        "Factor of the log-likelihood at the start, growing to 1 over half the steps; none: no annealing, but from 1e-4 where the update is sent as it is.",
      ),
    widen: z
      .number()
      .min(1)
      .nullable()
      .default(null)
      .describe("Width of the assumed noise at the start, in true widths, narrowing to 1 over half the steps."),
    langevin: z.number().nonnegative().default(0).describe("Noise after each step, in learning rates."),
    patience: z.int().positive().nullable().default(null).describe("Steps without progress after which an update's search ends."),
    box: z.boolean().default(true).describe("Pixels are kept in [0, 1]."),
    start: z.enum(["normal", "uniform", "zeros"]).default("normal").describe("Starting point, in model space."),
    restarts: z.int().positive().max(64).default(1).describe("Starts; the one whose update is likeliest is kept."),
  },
  build: (params): AttackDeclaration => ({
    fixesPrior: params.prior !== undefined,
    build: (setting) => {
      const { samples, optimizer, rate, gamma, anneal, widen, langevin, patience, ...search } = params;
      if (params.points === "antithetic" && samples % 2 === 1 && samples > 1)
        throw new LeakageError("spec", `attack bayes: antithetic points come in pairs, so samples must be even; got ${samples}.`);
      const { prior, name } = priorOf(params.prior, setting);
      const likelihood = assumedLaw(params.conditional, setting);
      if (widen !== null && !likelihood.widened)
        throw new LeakageError("spec", `attack bayes: widen does not fit the conditional ${likelihood.name}, whose noise has no width.`);
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
          box: search.box && optimizer !== "lbfgs",
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
 * For a point mass: the final width in root mean squares of the update, and the factor that makes
 * it as wide as the update at the start.
 */
const narrowing = { width: 0.01, from: 1e-4 };

/**
 * The law that is stated, else that of the defense. For an update without noise it is a narrow
 * Gaussian around what the batch would send.
 */
function assumedLaw(conditional: ReturnType<typeof conditionals.parse> | undefined, { law }: Setting): Likelihood {
  if (conditional !== undefined) return likelihoodOf(conditional);
  if (!law) return narrowGaussian(narrowing.width);
  if (law.kind === "known") return law.likelihood;
  if (law.kind === "deterministic") return law.narrow(narrowing.width);
  throw new LeakageError(
    "spec",
    `attack bayes assumes the law of the defense, and that law is not known: ${law.reason}. State one to assume, as in bayes:conditional=(gaussian:sigma=0.1), or use an attack with a law of its own (gradleak list attacks).`,
  );
}

/** The prior of the attack itself, else that of the setting. */
function priorOf(
  own: ReturnType<typeof priors.parse> | undefined,
  { prior, examples }: Setting,
): { readonly prior: Prior; readonly name: string } {
  if (own !== undefined) return { prior: priors.build(own, examples ? { examples } : {}), name: format(own) };
  if (prior) return prior;
  throw new LeakageError(
    "spec",
    "attack bayes needs a prior, and the data has no density of its own: state --prior (gradleak list priors).",
  );
}

function ballOf(
  { samples, delta, bound, points }: Pick<Neighborhood, "samples" | "bound" | "points"> & { readonly delta: number | null },
  { radius }: Setting,
): Neighborhood | undefined {
  const own = delta ?? radius?.radius ?? 0;
  return samples > 1 && own > 0 ? { samples, radius: own, space: radius?.space ?? "model", bound, points } : undefined;
}
