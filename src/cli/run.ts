import { availableParallelism } from "node:os";
import { type AttackRun, type AttackSpec, type AuditRun, type Machine, streamKey, type Tick, withStatistics } from "../audit/index.ts";
import { LeakageError } from "../errors.ts";
import { constant } from "../graph/index.ts";
import { defaultDelta } from "../metrics/index.ts";
import { haveStatistics, initialWeights, type Model, weightsFrom } from "../models/index.ts";
import { readTensors } from "../node/index.ts";
import { keyFromSeed } from "../random/index.ts";
import { compile } from "../runtime/index.ts";
import type { Console } from "./console.ts";
import type { DataFlags } from "./data.ts";
import { type ClientFlags, positiveNumber, wholeNumber } from "./flags.ts";
import { quoted } from "./shell.ts";

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

/**
 * The client's weights, from the file that is named or drawn from the seed; how a spec records them, with the running statistics that are to be estimated; and what a
 * reader must know about them.
 */
export async function weightsOf(flags: ClientFlags & Pick<Partial<DataFlags>, "statistics">, model: Model, seed: number) {
  const { weights: path } = flags;
  const asked = flags.statistics === undefined ? {} : { statistics: { examples: wholeNumber(flags.statistics, "--statistics", 1) } };
  const bare = asked.statistics
    ? [`The running statistics of batch normalization are from passes over ${asked.statistics.examples} public images.`]
    : model.statistics.length > 0
      ? ["The weights have no running statistics of batch normalization: means of 0 and variances of 1 stand for them."]
      : [];
  if (path === undefined)
    return {
      weights: initialWeights(model, streamKey(keyFromSeed(seed), "weights", 0)),
      recorded: { weights: { kind: "initial" } as const, ...asked },
      notes: ["The network's weights are drawn anew, not trained; trained networks leak less.", ...bare],
    };
  const { tensors, sha256 } = await readTensors(path);
  const whole = haveStatistics(model, tensors);
  if (asked.statistics && model.statistics.length > 0 && whole)
    throw new LeakageError("spec", `--statistics does not fit --weights ${path}, which has running statistics of its own.`);
  return {
    weights: weightsFrom(model, tensors, path),
    recorded: { weights: { kind: "file", sha256 } as const, ...asked },
    notes: whole ? [] : bare,
  };
}

/** The words of a command that choose the weights and their running statistics. */
export const weightWords = ({ weights }: ClientFlags, { statistics }: AttackSpec["client"]): readonly string[] => [
  ...(weights === undefined ? [] : ["--weights", quoted(weights)]),
  ...(statistics === undefined ? [] : ["--statistics", String(statistics.examples)]),
];

/** The run with the running statistics that its spec asks for. */
export async function completed<Run extends AttackRun | AuditRun>(tell: Console, run: Run): Promise<Run> {
  const { statistics } = run.spec.client;
  if (statistics) tell.line(`running statistics from ${statistics.examples} public images`);
  return withStatistics(run);
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
