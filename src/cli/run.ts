import { availableParallelism } from "node:os";
import { type Machine, streamKey, type Tick } from "../audit/index.ts";
import { LeakageError } from "../errors.ts";
import { constant } from "../graph/index.ts";
import { defaultDelta } from "../metrics/index.ts";
import { initialWeights, type Model, type Weights, weightsFrom } from "../models/index.ts";
import { keyFromSeed } from "../random/index.ts";
import { compile } from "../runtime/index.ts";
import type { Console } from "./console.ts";
import { type ClientFlags, positiveNumber, wholeNumber } from "./flags.ts";
import { readTensors } from "./tensors.ts";

/** Where an attack runs. Throws LeakageError where the device is not there or cannot be used. */
export async function machineOf({ threads, device }: Pick<ClientFlags, "threads" | "device">): Promise<Machine> {
  const machine = {
    threads: threads === undefined ? availableParallelism() : wholeNumber(threads, "--threads", 1, 1024),
    device,
    clock: () => performance.now() / 1000,
  };
  if (device !== "cpu") await (await compile({ one: constant(1) }, machine)).dispose();
  return machine;
}

/** The client's weights, from the file that is named or drawn from the seed, how a spec records them, and what a reader must know about them. */
export async function weightsOf({ weights: path, mode }: ClientFlags, model: Model, seed: number) {
  if (path === undefined) {
    const weights: Weights = initialWeights(model, streamKey(keyFromSeed(seed), "weights", 0));
    return {
      weights,
      origin: { kind: "initial" } as const,
      notes: ["The network's weights are drawn anew, not trained; trained networks leak less."],
    };
  }
  const { tensors, sha256 } = await readTensors(path);
  const bare = mode === "eval" && model.statistics.length > 0 && tensors.size === model.parameters.length;
  return {
    weights: weightsFrom(model, tensors, path),
    origin: { kind: "file", sha256 } as const,
    notes: bare ? ["The file of weights has no running statistics: batch normalization runs with means of 0 and variances of 1."] : [],
  };
}

/** Within which distance, measured where, an image counts as recovered. */
export function scoreOf({ delta, deltaSpace }: ClientFlags, shape: readonly number[]) {
  if (delta !== undefined) return { delta: positiveNumber(delta, "--delta"), deltaSpace };
  if (shape.length !== 3) throw new LeakageError("spec", "Vectors have no distance that means recovered; state --delta.");
  return { delta: defaultDelta(shape as readonly [number, number, number]), deltaSpace };
}

/** Runs attacks to their end and shows their progress; a part begins where its name is another one. */
export async function drive<Of extends Tick, Made>(
  tell: Console,
  part: string | ((tick: Of) => string),
  running: AsyncGenerator<Of, Made>,
): Promise<Made> {
  let [name, began] = ["", performance.now()];
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value;
    const own = typeof part === "string" ? part : part(next.value);
    if (name !== own && name !== "") began = performance.now();
    name = own;
    tell.progress(name, next.value, (performance.now() - began) / 1000);
  }
}
