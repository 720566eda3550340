import type * as Ort from "onnxruntime-common";
import { LeakageError } from "../errors.ts";
import { type Tensor, topological } from "../graph/index.ts";
import { toOnnx } from "../onnx/index.ts";

/** Loads ONNX Runtime for Node or for browsers, depending on the platform. */
const runtime = (): Promise<typeof Ort> => {
  loaded ??= (import("#onnxruntime") as Promise<typeof Ort & { default?: typeof Ort }>).then((module) => module.default ?? module);
  return loaded;
};
let loaded: Promise<typeof Ort> | undefined;

/** The devices that the installed ONNX Runtime offers. */
export async function devices(): Promise<readonly string[]> {
  const ort = (await runtime()) as typeof Ort & { listSupportedBackends?: () => { name: string }[] };
  return (
    ort.listSupportedBackends?.().map(({ name }) => name) ?? [
      "wasm",
      ...("navigator" in globalThis && "gpu" in navigator ? ["webgpu"] : []),
    ]
  );
}

async function provider(device: string): Promise<string> {
  const offered = await devices();
  const name = device === "cpu" && !offered.includes("cpu") ? "wasm" : device;
  if (!offered.includes(name))
    throw new LeakageError("runtime", `there is no device "${device}"; the installed ONNX Runtime offers ${offered.join(", ")}`);
  return name;
}

/** Where and how a session runs. */
export interface Place {
  /** Threads per operation; the number of cores by default. */
  readonly threads?: number;
  /** The device; `cpu` by default. */
  readonly device?: string;
}

/**
 * Numbers in the form that a session takes. They are not copied, so the array must not change
 * before the run has ended.
 */
export type Fed = Ort.Tensor;

/**
 * A session of ONNX Runtime. It keeps no numbers between runs, so any program that computes the
 * same can use it.
 */
export interface Session {
  /** The inputs of the session by name: placeholders, and draws that are made outside. */
  readonly feeds: ReadonlyMap<string, Tensor>;
  /**
   * Roughly how many numbers the session holds: its constants, and the largest set of results that
   * are needed at one time.
   */
  readonly entries: number;
  /** Wraps the numbers of one feed, which can be fed again and again. */
  fed(name: string, numbers: Float32Array): Fed;
  /**
   * Runs the session with a value for each of its feeds and no others. Returns results by output
   * name.
   */
  run(feeds: Readonly<Record<string, Fed>>): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/** Adds to an error of ONNX Runtime the operation and shapes behind the node that it names. */
function explain(error: unknown, origins: ReadonlyMap<string, string>): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const name = [...origins.keys()].findLast((node) => new RegExp(`\\b${node}\\b`).test(message));
  if (!name) return error;
  return new LeakageError("runtime", `ONNX Runtime refuses the operation ${origins.get(name)}: ${message}`, { cause: error });
}

/**
 * The number of entries of all constants, plus the largest number of entries of results that are
 * alive at one time when everything is computed in order.
 */
function entriesOf(outputs: readonly Tensor[]): number {
  const order = topological(outputs);
  const last = new Map<Tensor, Tensor>();
  for (const tensor of order) for (const source of tensor.inputs) last.set(source, tensor);
  const kept = new Set(outputs);
  let constants = 0;
  let live = 0;
  let most = 0;
  for (const tensor of order) {
    if (tensor.kind === "constant") constants += tensor.size;
    if (tensor.inputs.length === 0) continue;
    live += tensor.size;
    most = Math.max(most, live);
    for (const source of new Set(tensor.inputs))
      if (last.get(source) === tensor && source.inputs.length > 0 && !kept.has(source)) live -= source.size;
  }
  return constants + most;
}

/** Opens a session for simplified tensors. */
export async function openSession(
  names: readonly string[],
  tensors: readonly Tensor[],
  { threads, device = "cpu" }: Place,
): Promise<Session> {
  const ort = await runtime();
  const executionProvider = await provider(device);
  // A browser has one thread pool for all sessions, sized by the first one.
  if (threads) ort.env.wasm.numThreads = threads;
  const { bytes, feeds, origins } = toOnnx(Object.fromEntries(names.map((name, i) => [name, tensors[i]!])));
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [executionProvider],
    ...(threads ? { intraOpNumThreads: threads } : {}),
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra: { session: { force_spinning_stop: "1" } },
  }).catch((error: unknown) => {
    if (executionProvider === "cpu" || executionProvider === "wasm") throw explain(error, origins);
    const [reason] = String(error instanceof Error ? error.message : error).split("\n");
    throw new LeakageError(
      "runtime",
      `ONNX Runtime lists the device "${executionProvider}", but it cannot be used here: ${reason}; "cpu" always works`,
      { cause: error },
    );
  });
  const named = names.map((name) => [name, `output.${name}`] as const);
  return {
    feeds,
    entries: entriesOf(tensors),
    fed: (name, numbers) => new ort.Tensor("float32", numbers, feeds.get(name)!.shape),
    run: async (given) => {
      try {
        const results = await session.run(given);
        const values: Record<string, Float32Array> = {};
        for (const [name, output] of named) values[name] = results[output]!.data as Float32Array;
        return values;
      } catch (error) {
        throw explain(error, origins);
      }
    },
    release: () => session.release(),
  };
}
