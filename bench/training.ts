import { crossEntropy } from "../src/client/index.ts";
import { type Federation, initialTraining, openTraining } from "../src/federated/index.ts";
import { toPixelSpace } from "../src/models/index.ts";
import { sgd } from "../src/optimizers/index.ts";
import { keyFromSeed } from "../src/random/index.ts";
import type { Problem } from "./problem.ts";

/** A training whose steps are timed. */
export interface BenchTraining {
  /** Takes the first step. Gives the loss before it, and the last layer's weights after it. */
  first(): Promise<{ readonly loss: number; readonly weights: Float32Array }>;
  /** Takes the steps that go together, and says how many they are. */
  next(): Promise<number>;
}

/** One client that trains on the images of a problem, as one batch in their order. */
export async function training({ model, weights, lanes, truth, labels, rate }: Problem, threads: number): Promise<BenchTraining> {
  const pixels = truth.length / lanes;
  const images = labels.map((_, i) => toPixelSpace(truth.slice(i * pixels, (i + 1) * pixels), model.normalization));
  const federation: Federation = {
    model,
    mode: "train",
    loss: crossEntropy,
    protocol: { kind: "fed-sgd" },
    defense: { steps: [] },
    optimizer: sgd({ momentum: 0.9 }),
    rate: () => rate,
    statistics: { rule: "average", momentum: 0.1 },
    examples: { count: lanes, image: (i) => images[i]!, label: (i) => labels[i]! },
    partition: [labels.map((_, i) => i)],
    taking: 1,
    batch: lanes,
    root: keyFromSeed(0),
    machine: { threads },
  };
  const open = await openTraining(federation);
  let state = initialTraining(federation, weights);
  return {
    first: async () => {
      const { state: next, losses } = await open.round(state);
      const last = model.parameters.slice(-2).flatMap(({ name }) => [...next.weights[name]!]);
      // The steps that go together begin at a multiple of their number.
      state = { ...next, round: 0 };
      return { loss: losses[0]!, weights: Float32Array.from(last) };
    },
    next: async () => {
      const { state: next, losses } = await open.rounds(state, Number.POSITIVE_INFINITY);
      state = next;
      return losses.length;
    },
  };
}
