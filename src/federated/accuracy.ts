import { type Examples, perChannel } from "../models/index.ts";
import { compileNested, inputsAt } from "../runtime/index.ts";
import { clientAt, type Federation } from "./federation.ts";
import { serverPlaces } from "./places.ts";
import type { Named } from "./server.ts";

/** Counts how many examples a network classifies as labeled. */
export interface Classifying {
  /** Weights and running statistics, by name. */
  correct(weights: Named<Float32Array>): Promise<number>;
  dispose(): Promise<void>;
}

/** The examples that one call classifies. */
const together = 256;

/**
 * A program that classifies examples by the largest logit, in eval mode and at the center of random
 * layers, with what the defense adds to the network.
 *
 * @param examples labeled examples in pixel space.
 */
export async function openClassifying(
  federation: Pick<Federation, "model" | "mode" | "loss" | "defense" | "optimizer" | "machine">,
  examples: Examples,
): Promise<Classifying> {
  const { model, machine } = federation;
  const { theta, running, x } = inputsAt({ ...serverPlaces(federation), x: { shape: [together, ...model.shape] } });
  const { sender } = clientAt(federation, (name) => theta[name] ?? running[name]);
  const { mean, std } = perChannel(model);
  const logits = sender.model.forward(x.sub(mean).div(std), { mode: "eval", weight: sender.weight });
  const program = await compileNested({ logits }, machine);
  return {
    correct: async (weights) => {
      let right = 0;
      const images = new Float32Array(x.size);
      for (let from = 0; from < examples.count; from += together) {
        const count = Math.min(together, examples.count - from);
        for (let i = 0; i < count; i++) images.set(examples.image(from + i), (i * x.size) / together);
        const { logits } = await program.run({ theta: weights, running: weights, x: images });
        for (let i = 0; i < count; i++) {
          const row = logits.subarray(i * model.classes, (i + 1) * model.classes);
          if (row.indexOf(Math.max(...row)) === examples.label!(from + i)) right++;
        }
      }
      return right;
    },
    dispose: () => program.dispose(),
  };
}
