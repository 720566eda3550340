import { z } from "zod";
import type { Batch, Client } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import { type Gradients, type Tensor, where } from "../graph/index.ts";
import { denseLayers, type Model } from "../models/index.ts";
import { part } from "../parts/index.ts";
import type { Defense } from "./defense.ts";
import { derivativeNorms, inverseNorms, percentile } from "./feature-scores.ts";
import { unknownLaw } from "./law/law.ts";
import type { Step } from "./step.ts";

interface Pruning {
  readonly prune: number;
  readonly layer: string | null;
  readonly score: "first-order" | "pseudo-inverse";
  readonly floor: number;
}

/** The dense layer that is defended: the stated one, else the last but one, else the only one. */
function defendedLayer({ layer }: Pruning, model: Pick<Model, "parameters">): string {
  const dense = denseLayers(model);
  const chosen = layer ?? dense.at(-2) ?? dense.at(-1);
  if (chosen !== undefined && dense.includes(chosen)) return chosen;
  throw new LeakageError(
    "spec",
    dense.length === 0
      ? "defense soteria does not fit this network: it prunes the gradient of a dense layer, and there is none."
      : `defense soteria does not fit this network: layer ${layer} is not one of its dense layers, which are ${dense.join(", ")}.`,
  );
}

/** What Soteria makes of a batch. */
interface Choice {
  /** Which columns of the layer's weight gradient are sent, [1, n]. */
  readonly kept: Tensor;
  /** Which features are 0 for all examples of the batch, [n]: their columns are 0 anyway. */
  readonly dead: Tensor;
}

function choose({ prune, score, floor }: Pruning, layer: string, client: Client, batch: Batch): Choice {
  const features = client.taps(batch).get(`${layer}.input`)!;
  const sizes = features.abs();
  const scores = () => {
    if (score === "first-order") return derivativeNorms(features, batch.x).div(sizes.add(floor));
    // The reciprocal, so that small scores are pruned either way. What has no inverse has 0.
    const cost = sizes.mul(inverseNorms(features, batch.x));
    return where(cost.greater(0), cost.pow(-1), 0);
  };
  // Without a floor, the score of a feature that is 0 is 0, as it is with one for a dead ReLU.
  const all = where(sizes.greater(0), scores(), 0).sum(0);
  return { kept: all.greaterEqual(percentile(all, prune)).reshape([1, -1]), dead: sizes.max(0).equal(0) };
}

const pruned = (update: Gradients, weight: string, kept: Tensor): Gradients =>
  update.map((entries, name) => (name === weight ? where(kept, entries, 0) : entries));

function pruneStep(pruning: Pruning): Step {
  const { prune, layer } = pruning;
  const name = `soteria pruning ${prune} %${layer === null ? "" : ` of ${layer}`}`;
  return {
    name,
    onUpdate: (update, { client, batch }) => {
      const own = defendedLayer(pruning, client.model);
      const { kept, dead } = choose(pruning, own, client, batch);
      return {
        update: pruned(update, `${own}.weight`, kept),
        facts: {
          [`the share of pruned columns of ${own}.weight`]: kept.toFloat().mean().neg().add(1),
          [`the share of dead features before ${own}`]: dead.toFloat().mean(),
        },
      };
    },
    law: (before) => {
      if (before.noisy !== undefined)
        return unknownLaw(`${name} follows ${before.noisy}, and the density of noise of which columns are dropped has not been worked out`);
      if (before.hidden) return unknownLaw(`${name} follows ${before.hidden.name}, and their zeros cannot be told apart`);
      return {
        ...before,
        names: [...before.names, name],
        plain: false,
        aggregated: before.aggregated ?? name,
        signal: (client) => (batch, published, sent) => {
          const own = defendedLayer(pruning, client.model);
          const weight = `${own}.weight`;
          const kept = sent?.tensors.has(weight)
            ? sent.entries(weight).abs().max(0, true).greater(0)
            : choose(pruning, own, client, batch).kept;
          return pruned(before.signal(client)(batch, published, sent), weight, kept);
        },
      };
    },
    check: ({ model }) => {
      if (model.random)
        throw new LeakageError(
          "spec",
          "defense soteria does not fit a network that draws at random in its forward pass: its features have no one derivative; use it without that network or defense.",
        );
      defendedLayer(pruning, model);
    },
  };
}

/**
 * Soteria (Sun et al. 2021) sends the weight gradient of one dense layer without some of its
 * columns. Column f is δ r_f, where r_f is the feature that enters the layer. A feature is pruned
 * if it says much about the input and its score s_f = ‖∂r_f/∂x‖ / (|r_f| + floor) is small: those
 * below the percentile `prune` of all scores. The first-order score is that of the authors' code,
 * with or without its floor of 0.1. `pseudo-inverse` is the criterion of their paper, which prunes
 * the largest ‖r_f J⁺ e_f‖, where J is the Jacobian of all features by the input. Everything else,
 * the bias of that layer too, is sent as it is. Scores of a batch add up.
 *
 * A dead feature has score 0 and a column of zeros, so it counts among the pruned ones and hides
 * nothing. If more features are dead than are to be pruned, the percentile is 0, no score is below
 * it, and nothing is pruned. Results say how many columns were pruned and how many features are
 * dead.
 *
 * By default the layer is the last dense layer but one, as in the authors' code: 2000 → 1000 of
 * `convbig`. The paper of the attack speaks of the largest one, 5184 → 2000, which is `layer=lin1`.
 *
 * The law is deterministic. Which columns are pruned is piecewise constant in x, so an attacker
 * cannot differentiate it, and takes it as the constant that the zeros of the update show. Behind
 * noise nothing shows it, and D(x) computes it anew for each batch that an attacker considers.
 */
export const soteria = part({
  kind: "soteria",
  doc: "Sends the weight gradient of one dense layer without the columns that say most about the input (Sun et al. 2021).",
  params: {
    prune: z.number().min(0).max(100).default(80).describe("The percentile of the scores below which columns are pruned."),
    layer: z
      .string()
      .nullable()
      .default(null)
      .describe("The dense layer whose weight gradient is pruned, by name. none takes the last but one, or the only one."),
    score: z
      .enum(["first-order", "pseudo-inverse"])
      .default("first-order")
      .describe("How features are scored: by single derivatives, as in the authors' code, or by the whole Jacobian, as in their paper."),
    floor: z.number().nonnegative().default(0.1).describe("What is added to each feature in the first-order score."),
  },
  build: (pruning): Defense => ({ steps: [pruneStep(pruning)], adaptive: { kind: "tailored", attack: "on-soteria" } }),
});
