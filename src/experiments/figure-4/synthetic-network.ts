import type { Observations } from "../../adversary/index.ts";
import { drawKey } from "../../audit/index.ts";
import { type Client, fedSgd } from "../../client/index.ts";
import { gaussianSet } from "../../data/index.ts";
import { defenses } from "../../defenses/index.ts";
import { initialWeights, models } from "../../models/index.ts";
import { fillNormal, fillUniform, type KeyBits, stream } from "../../random/index.ts";
import type { CompileOptions } from "../../runtime/index.ts";
import { privateBatches, simulate } from "../../scenario/index.ts";
import { train } from "../train.ts";
import type { Figure4Params } from "./figure-4-params.ts";

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

/**
 * A network and its draws. All follow from the key and the number of the draw, whatever is attacked
 * together.
 */
export async function syntheticNetwork(
  { dimension, epochs, scale, start }: Figure4Params,
  { width, classes }: { readonly width: number; readonly classes: number },
  key: KeyBits,
  options: CompileOptions,
): Promise<SyntheticNetwork> {
  const task = { shape: [dimension], classes, normalization: { mean: [0], std: [1] } };
  const model = models.build({ kind: "mlp", sizes: [width], initial: "lecun" }, task);
  const drawn = initialWeights(model, stream(key, "weights"));
  const vectors = (split: "train" | "test") => gaussianSet({ dimension, classes, split }, stream(key, "vectors"));
  const weights =
    epochs === 0 ? drawn : await train(model, drawn, vectors("train"), { epochs, ...trained }, stream(key, "training"), options);
  const client = fedSgd({ model, weights });
  const inputs = vectors("test");
  const defense = defenses.build({ kind: "laplacian", scale });
  return {
    client,
    draws: async (from, lanes) => {
      const numbers = Array.from({ length: lanes }, (_, i) => from + i);
      const keys = (name: "noise" | "attack") => numbers.map((draw) => drawKey(key, name, draw));
      const starts = new Float32Array(lanes * dimension);
      keys("attack").forEach((own, i) => {
        const point = starts.subarray(i * dimension, (i + 1) * dimension);
        if (start !== "zeros") (start === "normal" ? fillNormal : fillUniform)(stream(own, "start"), point);
      });
      const held = privateBatches(
        numbers.map((draw) => [inputs.example(draw)]),
        client,
      );
      const received = await simulate({ client, defense }, held, keys("noise"), options);
      return {
        seen: { rounds: [received], lanes, batchSize: 1, labels: held.y },
        x: held.x,
        start: starts,
        keys: keys("attack"),
      };
    },
  };
}
