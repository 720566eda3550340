import { z } from "zod";
import type { Batch, Client } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import { Gradients, type Tensor, vmap } from "../graph/index.ts";
import { part } from "../parts/index.ts";
import { clipped } from "./clip.ts";
import type { Defense } from "./defense.ts";
import type { Step } from "./step.ts";
import { noiseStep } from "./with-noise.ts";

/** The norm C, or the word for none. JSON, of which specs are made, has no infinity. */
type Norm = number | "Infinity";

/**
 * (1/B) Σ of the gradients of single examples, each clipped over all parameters together. The
 * client runs on one example at a time.
 */
function clippedMean(client: Client, { x, y }: Batch, norm: Norm): Gradients {
  const each = vmap((one: { x: Tensor; y: Tensor }) => {
    const alone = { x: one.x.reshape([1, ...one.x.shape]), y: one.y.reshape([1, ...one.y.shape]) };
    const update = client.update(alone);
    return Object.fromEntries((norm === "Infinity" ? update : clipped(update, norm)).tensors);
  })({ x, y });
  return new Gradients(new Map(Object.entries(each).map(([name, entries]) => [name, entries.mean(0)])));
}

function clipEachStep(norm: Norm): Step {
  const name = norm === "Infinity" ? "each example without a clip" : `clip of each example at norm ${norm}`;
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
 * DP-SGD (Abadi et al. 2016). Each example's gradient g becomes g / max(1, ‖g‖ / C), with the norm
 * over all parameters together. Every entry of the sum of these gets noise N(0, (z C)²), and the
 * result is divided by B. Given the batch, the update is normal around the mean of the clipped
 * gradients with standard deviation z C / B. Attacks differentiate that mean, with its clip
 * factors.
 *
 * What it guarantees: one example more or less in the batch moves the sum of clipped gradients by
 * at most C in Euclidean norm, so the noisy sum is a Gaussian mechanism with noise multiplier z.
 * For a batch drawn by Poisson sampling, where each example joins independently with a rate q, the
 * noisy sum satisfies example-level (ε, δ)-differential privacy under add/remove adjacency. The ε
 * follows from z, q, δ and the number of rounds; C cancels. Division by B keeps the guarantee if B
 * does not depend on the data, as the expected batch size does not.
 *
 * What it does not guarantee: without a clip (`norm=Infinity`) nothing bounds the sum, and the noise
 * guarantees nothing. The step divides
 * by the size of the batch that it gets, and Gradleak's own batches have a fixed size. If one
 * example replaces another, the sum moves by up to 2 C, twice as far. The guarantee covers the
 * update alone, not labels or batch statistics that a client gives away otherwise. The noise is
 * pseudorandom and in float32, made for measurements and not for deployment.
 */
export const dpSgd = part({
  kind: "dp-sgd",
  doc: "Clips the gradient of each example, adds Gaussian noise to their sum, and divides by the batch size (Abadi et al. 2016).",
  params: {
    norm: z
      .union([z.number().positive(), z.literal("Infinity")])
      .default(1)
      .describe(
        "The norm C that each example's gradient is clipped to, over all parameters together. Infinity clips nothing; the noise is then that of C = 1.",
      ),
    multiplier: z
      .number()
      .positive()
      .default(1)
      .describe("The noise multiplier z: the sum gets noise N(0, (z C)²). Larger values hide more."),
  },
  build: ({ norm, multiplier }): Defense => {
    const sigma = multiplier * (norm === "Infinity" ? 1 : norm);
    const noise = noiseStep({
      family: "normal",
      name: `gaussian with sigma ${sigma} on the sum`,
      per: "update",
      variance: (batchSize) => (sigma / batchSize) ** 2,
    });
    const privacy = { mechanism: "gaussian", level: "example", multiplier, sensitivity: Number(norm) } as const;
    return { steps: [clipEachStep(norm), norm === "Infinity" ? noise : { ...noise, privacy: () => privacy }] };
  },
});
