import { z } from "zod";
import { assuming, type Neighborhood } from "../adversary/index.ts";
import { LeakageError } from "../errors.ts";
import { adam, annealed, exponentialRate, lbfgs, narrowed, shrunk } from "../optimizers/index.ts";
import { part } from "../parts/index.ts";
import { assumedLaw, assumedPrior, densities, narrowing } from "./assumed-densities.ts";
import type { AttackDeclaration, Setting } from "./declaration.ts";

/**
 * The adversary of the paper (Balunović et al. 2022, §4). It assumes the defense's own law and the
 * stated prior, and maximizes the objective of Algorithm 1. With `samples` = 1 it judges single
 * points, which is maximum a posteriori estimation. With more samples it averages over a ball.
 *
 * The paper averages over the ball of the score's δ, by Jensen's bound. Under Gaussian noise the
 * bound subtracts about δ²‖J‖_F²/(2σ²(d + 2)), where J is the derivative of the gradient, and more
 * where ReLUs switch within the ball. This cost stays as large beside the likelihood as σ tends to
 * 0, so at the score's δ the search leaves the likeliest images. By default the ball is therefore
 * small: its radius goes from a hundredth of the score's δ to a thousandth, which costs nothing and
 * gains little. `delta=…` states a radius that stays, such as the paper's. docs/paper.md has the
 * numbers. The attack `posterior` takes the ball of the score at its word.
 */
export const bayes = part({
  kind: "bayes",
  doc: "Maximizes the objective of Algorithm 1 under the defense's law and the stated prior (Balunović et al. 2022).",
  params: {
    ...densities,
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
      .describe("The radius of the ball, used if samples > 1. none takes a hundredth of the score's δ, and lets it shrink."),
    shrink: z
      .number()
      .positive()
      .max(1)
      .nullable()
      .default(null)
      .describe("The factor that the radius falls to over half the steps. none takes 1 if delta is stated, else 0.1."),
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
      const { samples, optimizer, rate, gamma, anneal, widen, langevin, patience, shrink, ...search } = params;
      if (params.points === "antithetic" && samples % 2 === 1 && samples > 1)
        throw new LeakageError("spec", `attack bayes: antithetic points come in pairs, so samples must be even; got samples=${samples}.`);
      if (search.box && optimizer === "lbfgs")
        throw new LeakageError("spec", "attack bayes: box=true needs optimizer=adam or signed-adam; lbfgs cannot keep pixels in [0, 1].");
      const { prior, name } = assumedPrior("bayes", params.prior, setting);
      const likelihood = assumedLaw("bayes", params.conditional, setting);
      if (widen !== null && !likelihood.widened)
        throw new LeakageError("spec", `attack bayes: widen needs a likelihood whose noise has a width, and ${likelihood.name} has none.`);
      const ball = ballOf(params, setting);
      const end = shrink ?? (params.delta === null ? small.shrink : 1);
      const from = anneal ?? narrowing(params.conditional, setting);
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
          ...(ball && end < 1 ? { shrink: shrunk(end) } : {}),
          ...(langevin > 0 ? { langevin } : {}),
          ...(patience === null ? {} : { patience }),
        },
        { prior: name },
      );
    },
  }),
});

/**
 * The ball that is chosen where none is stated: its radius at the start in radii of the score, and
 * the factor that it shrinks by.
 */
const small = { radius: 0.01, shrink: 0.1 };

function ballOf(
  { samples, delta, bound, points }: Pick<Neighborhood, "samples" | "bound" | "points"> & { readonly delta: number | null },
  { radius }: Setting,
): Neighborhood | undefined {
  const own = delta ?? small.radius * (radius?.radius ?? 0);
  return samples > 1 && own > 0 ? { samples, radius: own, space: radius?.space ?? "model", bound, points } : undefined;
}
