import type { Observations } from "../adversary/index.ts";
import { oneHot, simulate } from "../audit/index.ts";
import { type Client, client } from "../client/index.ts";
import { gaussianSet } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { initialWeights, models } from "../models/index.ts";
import { fillNormal, fillUniform, foldIn, type KeyBits } from "../random/index.ts";
import type { CompileOptions } from "../runtime/index.ts";
import type { Figure4Params } from "./figure-4-params.ts";
import { train } from "./train.ts";

/** Streams of the key of a network; draw i of a stream uses its key folded with i. */
const streams = { set: 0, weights: 1, order: 2, noise: 3, start: 4, ball: 5 } as const;

/** A network whose updates are attacked, with the inputs behind them. */
export interface SyntheticNetwork {
  readonly client: Client;
  /** What the server saw and all that the draws share, for draws `from` to `from + lanes`. */
  draws(from: number, lanes: number): Promise<SyntheticDraws>;
}

export interface SyntheticDraws {
  readonly seen: Observations;
  /** The private inputs, [lanes, dimension]. */
  readonly x: Float32Array;
  /** Where every adversary starts, [lanes, dimension]. */
  readonly start: Float32Array;
  /** One a draw, for the points in the ball. */
  readonly keys: readonly KeyBits[];
}

/** Inputs of the training split that a network is trained on. */
const trained = { examples: 1000, batch: 32, rate: 1e-3 } as const;

/** A network and its draws: all follow from the key and the draw's index, whatever is attacked together. */
export async function syntheticNetwork(
  { dimension, epochs, scale, start }: Figure4Params,
  { width, classes }: { readonly width: number; readonly classes: number },
  key: KeyBits,
  options: CompileOptions,
): Promise<SyntheticNetwork> {
  const own = (stream: keyof typeof streams) => foldIn(key, streams[stream]);
  const task = { shape: [dimension], classes, normalization: { mean: [0], std: [1] } };
  const model = models.build({ kind: "mlp", sizes: [width], initial: "lecun" }, task);
  const drawn = initialWeights(model, own("weights"));
  const fresh = gaussianSet({ dimension, classes, split: "train" }, own("set"));
  const weights = epochs === 0 ? drawn : await train(model, drawn, fresh, { epochs, ...trained }, own("order"), options);
  const one = client({ model, weights });
  const inputs = gaussianSet({ dimension, classes, split: "test" }, own("set"));
  const defense = defenses.build({ kind: "laplacian", scale });
  return {
    client: one,
    draws: async (from, lanes) => {
      const keys = (stream: keyof typeof streams) => Array.from({ length: lanes }, (_, i) => foldIn(own(stream), from + i));
      const examples = Array.from({ length: lanes }, (_, i) => inputs.example(from + i));
      const x = new Float32Array(lanes * dimension);
      const starts = new Float32Array(lanes * dimension);
      keys("start").forEach((startKey, i) => {
        x.set(examples[i]!.image, i * dimension);
        const point = starts.subarray(i * dimension, (i + 1) * dimension);
        if (start !== "zeros") (start === "normal" ? fillNormal : fillUniform)(startKey, point);
      });
      const labels = oneHot(
        examples.map(({ label }) => label),
        one,
      );
      const { updates, open } = await simulate(one, defense, { lanes, batchSize: 1, x, y: labels }, keys("noise"), options);
      return { seen: { client: one, lanes, batchSize: 1, updates, open, labels }, x, start: starts, keys: keys("ball") };
    },
  };
}
