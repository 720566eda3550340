import { type Sampler, simplify, splitInvariant, type Tensor } from "../graph/index.ts";
import { lease } from "./idle.ts";
import { checkFeeds, type Numbers, type Program } from "./program.ts";
import { evaluate, inputsOf, interpret } from "./reference.ts";
import type { Fed } from "./session.ts";

/** How a program is compiled and where it runs. */
export interface CompileOptions {
  /**
   * Threads per operation; the number of cores by default. In a browser, the first program decides
   * for all programs: half the cores (at most 4) by default, and more than one only on a
   * cross-origin isolated page.
   */
  readonly threads?: number;
  /**
   * The device: `cpu` (the default), or another execution provider of the installed ONNX Runtime.
   */
  readonly device?: string;
  /**
   * The precision: `float32` in ONNX Runtime (the default), or `float64` in the interpreter, which
   * is slow but exact to the last digit.
   */
  readonly precision?: "float32" | "float64";
  /**
   * Inputs that are the same in every call. Expressions that depend only on them are computed once,
   * at compile time, and these inputs are not fed again.
   */
  readonly fixed?: Readonly<Record<string, Numbers>>;
}

/** A draw that is made outside the program: the distribution, the key, and the array to fill. */
interface Hoisted {
  readonly sampler: Sampler;
  readonly key: Tensor;
  readonly out: Float32Array;
}

/**
 * Compiles expressions into one program of ONNX Runtime. A disposed program with the same
 * expressions and constants is reused instead; {@link releasePrograms} frees what is kept for that.
 *
 * @throws LeakageError `runtime` for a device that does not exist or cannot be used.
 * @example
 * ```ts
 * import { compile, graph } from "gradleak";
 *
 * const x = graph.input("x", [3]);
 * const program = await compile({ sum: x.square().sum() });
 * const { sum } = await program.run({ x: Float32Array.of(1, 2, 3) }); // 14
 * await program.dispose();
 * ```
 */
export async function compile<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  options: CompileOptions = {},
): Promise<Program<Name>> {
  if (options.precision === "float64") return withFixed(interpret(outputs), options.fixed ?? {});
  const names = Object.keys(outputs) as Name[];
  const simplified = simplify(names.map((name) => outputs[name]));
  if (!options.fixed) return open(names, simplified, options);
  const { once, outputs: rest } = splitInvariant(simplified, new Set(Object.keys(options.fixed)));
  return open(names, rest, { ...options, fixed: { ...options.fixed, ...(await runOnce(once, options)) } });
}

/** Binds some inputs of a program to fixed numbers. */
function withFixed<Name extends string>(program: Program<Name>, fixed: Readonly<Record<string, Numbers>>): Program<Name> {
  const inputs = new Map([...program.inputs].filter(([name]) => !(name in fixed)));
  return { ...program, inputs, run: (feeds) => program.run({ ...fixed, ...feeds }) };
}

async function runOnce(once: Readonly<Record<string, Tensor>>, options: CompileOptions): Promise<Record<string, Numbers>> {
  if (Object.keys(once).length === 0) return {};
  const program = await open(Object.keys(once), Object.values(once), options);
  try {
    return await program.run({});
  } finally {
    await program.dispose();
  }
}

const float32 = (numbers: Numbers): Float32Array => (numbers instanceof Float32Array ? numbers : Float32Array.from(numbers));

/**
 * A feed of at most this many numbers is copied into an array that the session has wrapped already,
 * because a new wrapper takes longer.
 */
const copied = 512;

/** Opens a program for simplified tensors. */
async function open<Name extends string>(
  names: readonly Name[],
  tensors: readonly Tensor[],
  { fixed = {}, ...place }: CompileOptions,
): Promise<Program<Name>> {
  const all = inputsOf(tensors);
  const isFixed = (name: string) => Object.hasOwn(fixed, name);
  checkFeeds(new Map([...all].filter(([name]) => isFixed(name))), fixed);
  const inputs = new Map([...all].filter(([name]) => !isFixed(name)));
  // A result that is a feed is not computed. ONNX Runtime refuses a program that computes nothing.
  const results = names.map((name, i) => ({ name, tensor: tensors[i]! }));
  const isFeed = ({ tensor }: { readonly tensor: Tensor }) => tensor.kind === "input";
  const computed = results.every(isFeed) ? results : results.filter((result) => !isFeed(result));
  const echoes = results
    .filter((result) => !computed.includes(result))
    .map(({ name, tensor }) => ({ name, input: (tensor as Tensor<"input">).attributes.name }));
  const { session, end } = await lease(
    computed.map(({ name }) => name),
    computed.map(({ tensor }) => tensor),
    place,
  );
  let disposed = false;
  let running: Promise<Record<string, Float32Array>> | undefined;
  // A step of a small network takes less than a millisecond, so a run does little else. Whatever is
  // the same in every run is made here.
  const given: Record<string, Fed> = {};
  const draws: Hoisted[] = [];
  const fed: { readonly name: string; readonly own: Float32Array | undefined }[] = [];
  for (const [name, tensor] of session.feeds) {
    if (tensor.kind === "draw") {
      const out = new Float32Array(tensor.size);
      draws.push({ sampler: (tensor as Tensor<"draw">).attributes.sampler, key: tensor.inputs[0]!, out });
      given[name] = session.fed(name, out);
    } else if (isFixed(name)) given[name] = session.fed(name, float32(fixed[name]!));
    else {
      const own = tensor.size <= copied ? new Float32Array(tensor.size) : undefined;
      if (own) given[name] = session.fed(name, own);
      fed.push({ name, own });
    }
  }
  const keys = draws.map(({ key }) => key);
  const fillDraws = (feeds: Readonly<Record<string, Numbers>>) => {
    const values = evaluate(keys, { ...fixed, ...feeds });
    draws.forEach(({ sampler, out }, i) => {
      const words = values[i]!.data;
      const length = out.length / (words.length / 2);
      for (let k = 0; 2 * k < words.length; k++)
        sampler.fill([words[2 * k]!, words[2 * k + 1]!], out.subarray(k * length, (k + 1) * length));
    });
  };
  return {
    inputs,
    run: async (feeds) => {
      if (disposed) throw new RangeError("a disposed program cannot run");
      checkFeeds(inputs, feeds);
      // Calls share the arrays of their feeds and draws, so they take turns.
      while (running) await running.catch(() => {});
      if (draws.length > 0) fillDraws(feeds);
      for (const { name, own } of fed)
        if (own) own.set(feeds[name]!);
        else given[name] = session.fed(name, float32(feeds[name]!));
      running = session.run(given);
      try {
        const values = await running;
        for (const { name, input } of echoes) values[name] = float32(feeds[input] ?? fixed[input]!);
        return values as Record<Name, Float32Array>;
      } finally {
        running = undefined;
      }
    },
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      await end();
    },
  };
}
