import { z } from "zod";
import type { Batch, Client } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import { Gradients, type Tensor, vmap } from "../graph/index.ts";
import { part } from "../parts/index.ts";
import { clipped } from "./clip.ts";
import type { Defense } from "./defense.ts";
import type { Step } from "./step.ts";
import { noiseStep } from "./with-noise.ts";

/**
 * (1/B) Σ over examples of their gradients, each clipped over all parameters together. The client
 * runs on one example at a time.
 */
function clippedMean(client: Client, { x, y }: Batch, norm: number): Gradients {
  const each = vmap((one: { x: Tensor; y: Tensor }) => {
    const alone = { x: one.x.reshape([1, ...one.x.shape]), y: one.y.reshape([1, ...one.y.shape]) };
    return Object.fromEntries(clipped(client.update(alone), norm).tensors);
  })({ x, y });
  return new Gradients(new Map(Object.entries(each).map(([name, entries]) => [name, entries.mean(0)])));
}

function clipEachStep(norm: number): Step {
  const name = `clip of each example at norm ${norm}`;
  return {
    name,
    onUpdate: (_, { client, batch }) => ({ update: clippedMean(client, batch, norm) }),
    law: (before) => {
      if (before.names.length > 0)
        throw new LeakageError(
          "spec",
          `dp-sgd cannot follow ${before.names.join(" + ")}: it begins with the gradients of single examples; put it first.`,
        );
      return { ...before, names: [name], plain: false, aggregated: name, signal: (client) => (batch) => clippedMean(client, batch, norm) };
    },
    check: ({ model, mode }) => {
      if (mode === "train" && model.statistics.length > 0)
        throw new LeakageError(
          "spec",
          "defense dp-sgd does not fit a network with batch normalization in train mode: it clips the gradient of each example, and batch statistics mix the examples; use mode eval, or a network without batch normalization.",
        );
    },
  };
}

/**
 * DP-SGD (Abadi et al. 2016): each example's gradient g becomes g / max(1, ‖g‖ / C) over all
 * parameters together, N(0, (z C)²) is added to every entry of their sum, and the result divided by
 * B. Given the batch the update is normal around the mean of the clipped gradients, with standard
 * deviation z C / B; what it depends on, the clip factors too, is differentiated.
 */
export const dpSgd = part({
  kind: "dp-sgd",
  doc: "Clips the gradient of each example, adds Gaussian noise to their sum, and divides by the batch size (Abadi et al. 2016).",
  params: {
    norm: z.number().positive().default(1).describe("Norm C that each example's gradient is clipped at."),
    multiplier: z.number().positive().default(1).describe("Noise multiplier z: the sum gets N(0, (z C)²)."),
  },
  build: ({ norm, multiplier }): Defense => ({
    steps: [
      clipEachStep(norm),
      noiseStep({
        family: "normal",
        name: `gaussian with sigma ${multiplier * norm} on the sum`,
        per: "update",
        variance: (batchSize) => ((multiplier * norm) / batchSize) ** 2,
      }),
    ],
  }),
});
