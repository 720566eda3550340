import { z } from "zod";
import { assuming, squaredDistance } from "../adversary/index.ts";
import { LeakageError } from "../errors.ts";
import { adam, constantRate, lbfgs, type Optimizer } from "../optimizers/index.ts";
import { part } from "../parts/index.ts";
import { uniform } from "../priors/index.ts";
import type { AttackDeclaration } from "./declaration.ts";

const params = {
  steps: z.int().positive().max(1_000_000).default(400).describe("The number of outer steps that the optimizer takes."),
  optimizer: z
    .enum(["lbfgs-wolfe", "lbfgs-original", "adam"])
    .default("lbfgs-wolfe")
    .describe("The optimizer: L-BFGS with a line search, L-BFGS as in the original code (20 iterations per step, no search), or Adam."),
  rate: z.number().positive().default(1).describe("The learning rate. With a line search, it is the length of the first trial step."),
  history: z.int().positive().max(256).default(100).describe("The number of past steps that L-BFGS remembers. More steps cost memory."),
  start: z.enum(["normal", "uniform", "zeros"]).default("normal").describe("The distribution of the starting point, in model space."),
  box: z.boolean().default(false).describe("Whether the search keeps pixels in [0, 1]. Only Adam can."),
  restarts: z.int().positive().max(64).default(1).describe("The number of starts. The attack keeps the one whose gradient matches best."),
};

interface Knobs {
  readonly steps: number;
  readonly optimizer: "lbfgs-wolfe" | "lbfgs-original" | "adam";
  readonly rate: number;
  readonly history: number;
  readonly start: "normal" | "uniform" | "zeros";
  readonly box: boolean;
  readonly restarts: number;
}

function matching({ steps, optimizer, rate, history, start, box, restarts }: Knobs, labels: "joint" | "recovered"): AttackDeclaration {
  const optimizers: Record<Knobs["optimizer"], () => Optimizer> = {
    "lbfgs-wolfe": () => lbfgs({ history, lineSearch: "wolfe", gain: 1e-4 }),
    "lbfgs-original": () => lbfgs({ history, lineSearch: "none", iterations: 20 }),
    adam: () => adam(),
  };
  return {
    labels,
    fixesPrior: true,
    build: () => {
      if (box && optimizer !== "adam")
        throw new LeakageError("spec", `An attack with box=true needs optimizer=adam; ${optimizer} cannot keep pixels in [0, 1].`);
      return assuming(
        { likelihood: squaredDistance, prior: uniform.build({}) },
        {
          optimizer: optimizers[optimizer](),
          steps,
          rate: constantRate(rate),
          start,
          box,
          restarts,
          choose: "likelihood",
          result: optimizer === "lbfgs-wolfe" ? "best" : "last",
        },
        { prior: "uniform" },
      );
    },
  };
}

/**
 * Zhu et al. (2019), "Deep Leakage from Gradients": the squared distance of gradients. The search
 * also finds the labels, as softmax(ŷ).
 */
export const dlg = part({
  kind: "dlg",
  doc: "Minimizes the squared distance of gradients by L-BFGS and finds the labels jointly (Zhu et al. 2019).",
  params,
  build: (knobs): AttackDeclaration => matching(knobs, "joint"),
});

/** Zhao et al. (2020), "iDLG": DLG with the label read off the gradient of the last layer. */
export const idlg = part({
  kind: "idlg",
  doc: "Minimizes the squared distance of gradients by L-BFGS and reads the label off the last layer (Zhao et al. 2020).",
  params,
  build: (knobs): AttackDeclaration => matching(knobs, "recovered"),
});
