import type * as Ort from "onnxruntime-common";
import { LeakageError } from "../errors.ts";
import { type Sampler, simplify, splitInvariant, type Tensor } from "../graph/index.ts";
import { toOnnx } from "../onnx/index.ts";
import { checkFeeds, type Numbers, type Program } from "./program.ts";
import { evaluate, inputsOf } from "./reference.ts";

export interface CompileOptions {
  /**
   * Threads of one operation; the number of cores by default. In a browser the first program decides for all, half the cores (at most 4) by default, and only a
   * cross-origin isolated page has more than one.
   */
  readonly threads?: number;
  /** Where to run: `cpu` (the default), or another execution provider of the installed ONNX Runtime. */
  readonly device?: string;
  /** Inputs that are the same in every call. What depends on them alone is computed once, here, and they are not fed again. */
  readonly fixed?: Readonly<Record<string, Numbers>>;
}

let loaded: Promise<typeof Ort> | undefined;
/** ONNX Runtime for Node or for browsers, whichever this is. */
const runtime = (): Promise<typeof Ort> => {
  loaded ??= (import("#onnxruntime") as Promise<typeof Ort & { default?: typeof Ort }>).then((module) => module.default ?? module);
  return loaded;
};

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
    throw new LeakageError("runtime", `the device "${device}" is not there; the installed ONNX Runtime offers ${offered.join(", ")}`);
  return name;
}

/** A draw that is made outside the program: which distribution, from which key, into which array. */
interface Hoisted {
  readonly name: string;
  readonly sampler: Sampler;
  readonly key: Tensor;
  readonly out: Float32Array;
}

/** ONNX Runtime's complaint, with the operation and shapes behind the node that it names. */
function explain(error: unknown, origins: ReadonlyMap<string, string>): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const name = [...origins.keys()].findLast((node) => new RegExp(`\\b${node}\\b`).test(message));
  if (!name) return error;
  return new LeakageError("runtime", `ONNX Runtime refuses the operation ${origins.get(name)}: ${message}`, { cause: error });
}

/** Compiles expressions into one ONNX Runtime session. */
export async function compile<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  options: CompileOptions = {},
): Promise<Program<Name>> {
  const names = Object.keys(outputs) as Name[];
  const simplified = simplify(names.map((name) => outputs[name]));
  if (!options.fixed) return open(names, simplified, options);
  const { once, outputs: rest } = splitInvariant(simplified, new Set(Object.keys(options.fixed)));
  const program = await open(names, rest, options);
  const fixed = { ...options.fixed, ...(await runOnce(once, options.fixed, options)) };
  const inputs = new Map([...program.inputs].filter(([name]) => !(name in fixed)));
  return { ...program, inputs, run: (feeds) => program.run({ ...fixed, ...feeds }) };
}

async function runOnce(
  once: Readonly<Record<string, Tensor>>,
  feeds: Readonly<Record<string, Numbers>>,
  options: CompileOptions,
): Promise<Record<string, Numbers>> {
  if (Object.keys(once).length === 0) return {};
  const program = await open(Object.keys(once), Object.values(once), options);
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

/** One session for tensors that are simplified already. */
async function open<Name extends string>(
  names: readonly Name[],
  tensors: readonly Tensor[],
  options: CompileOptions,
): Promise<Program<Name>> {
  const ort = await runtime();
  const executionProvider = await provider(options.device ?? "cpu");
  // A browser has one pool of threads for all sessions, as large as the first one asks.
  if (options.threads) ort.env.wasm.numThreads = options.threads;
  const inputs = inputsOf(tensors);
  const { bytes, feeds: modelFeeds, origins } = toOnnx(Object.fromEntries(names.map((name, i) => [name, tensors[i]!])));
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [executionProvider],
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra: { session: { force_spinning_stop: "1" } },
  }).catch((error: unknown) => {
    if (executionProvider === "cpu" || executionProvider === "wasm") throw explain(error, origins);
    const [reason] = String(error instanceof Error ? error.message : error).split("\n");
    throw new LeakageError(
      "runtime",
      `the device "${executionProvider}" is listed by ONNX Runtime and cannot be used here: ${reason}; "cpu" always can`,
      { cause: error },
    );
  });
  const draws: Hoisted[] = [...modelFeeds].flatMap(([name, tensor]) =>
    tensor.kind === "draw"
      ? [{ name, sampler: (tensor as Tensor<"draw">).attributes.sampler, key: tensor.inputs[0]!, out: new Float32Array(tensor.size) }]
      : [],
  );
  const fillDraws = (feeds: Readonly<Record<string, Numbers>>) => {
    const keys = evaluate(
      draws.map(({ key }) => key),
      feeds,
    );
    draws.forEach(({ sampler, out }, i) => {
      const words = keys[i]!.data;
      const length = out.length / (words.length / 2);
      for (let k = 0; 2 * k < words.length; k++)
        sampler.fill([words[2 * k]!, words[2 * k + 1]!], out.subarray(k * length, (k + 1) * length));
    });
  };
  const float32 = (numbers: Numbers) => (numbers instanceof Float32Array ? numbers : Float32Array.from(numbers));
  return {
    inputs,
    run: async (feeds) => {
      checkFeeds(inputs, feeds);
      fillDraws(feeds);
      const drawn = new Map(draws.map(({ name, out }) => [name, out]));
      const results = await session
        .run(
          Object.fromEntries(
            [...modelFeeds].map(([name, { shape }]) => [name, new ort.Tensor("float32", drawn.get(name) ?? float32(feeds[name]!), shape)]),
          ),
        )
        .catch((error: unknown) => {
          throw explain(error, origins);
        });
      return Object.fromEntries(names.map((name) => [name, results[`output.${name}`]!.data as Float32Array])) as Record<Name, Float32Array>;
    },
    dispose: async () => {
      await session.release();
    },
  };
}
