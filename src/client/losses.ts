import { z } from "zod";
import type { Tensor } from "../graph/index.ts";
import { catalogue, part } from "../parts/index.ts";

/**
 * The number that a client minimizes: the mean over a batch, from logits [B, C] and label
 * probabilities y [B, C].
 */
export type Loss = (logits: Tensor, y: Tensor) => Tensor;

/** Cross-entropy: −Σ y log softmax(logits), averaged over the batch. */
export const crossEntropy: Loss = (logits, y) => logits.logSoftmax().mul(y).sum(-1).mean().neg();

/** The catalogue of losses that a client can minimize. */
export const losses = catalogue<Loss>("loss", [
  part({
    kind: "cross-entropy",
    doc: "The cross-entropy of the softmax, averaged over the batch.",
    params: {
      smoothing: z
        .number()
        .min(0)
        .lt(1)
        .default(0)
        .describe("Label smoothing: the share of each label that is spread evenly over all classes, as in PyTorch."),
    },
    build:
      ({ smoothing }): Loss =>
      (logits, y) =>
        crossEntropy(logits, smoothing === 0 ? y : y.mul(1 - smoothing).add(smoothing / logits.shape.at(-1)!)),
  }),
  part({
    kind: "squared-error",
    doc: "The squared difference of logits and one-hot labels, averaged over the batch and the classes.",
    params: {},
    build: (): Loss => (logits, y) => logits.sub(y).square().mean(),
  }),
]);
