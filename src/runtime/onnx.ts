import { type Sampler, simplify, splitInvariant, type Tensor } from "../graph/index.ts";
import { lease } from "./idle.ts";
import { checkFeeds, type Numbers, type Program } from "./program.ts";
import { evaluate, interpret } from "./reference.ts";

export interface CompileOptions {
  /**
   * Threads of one operation; the number of cores by default. In a browser the first program decides for all, half the cores (at most 4) by default, and only a
   * cross-origin isolated page has more than one.
   */
  readonly threads?: number;
  /** Where to run: `cpu` (the default), or another execution provider of the installed ONNX Runtime. */
  readonly device?: string;
  /** `float32` by ONNX Runtime, the default; `float64` by the interpreter: slow, and right to the last digit. */
  readonly precision?: "float32" | "float64";
  /** Inputs that are the same in every call. What depends on them alone is computed once, here, and they are not fed again. */
  readonly fixed?: Readonly<Record<string, Numbers>>;
}

/** A draw that is made outside the program: which distribution, from which key, into which array. */
interface Hoisted {
  readonly name: string;
  readonly sampler: Sampler;
  readonly key: Tensor;
  readonly out: Float32Array;
}

/**
 * Compiles expressions into one ONNX Runtime program. One that was disposed of is taken up again, instead of compiling, where it computes the same with the same
 * constants; {@link releasePrograms} frees what is kept for that.
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
  const program = await open(names, rest, options);
  return withFixed(program, { ...options.fixed, ...(await runOnce(once, options.fixed, options)) });
}

/** The program that is fed with some inputs already. */
function withFixed<Name extends string>(program: Program<Name>, fixed: Readonly<Record<string, Numbers>>): Program<Name> {
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

/** A program of tensors that are simplified already. */
async function open<Name extends string>(
  names: readonly Name[],
  tensors: readonly Tensor[],
  options: CompileOptions,
): Promise<Program<Name>> {
  const { session, end } = await lease(names, tensors, options);
  let disposed = false;
  const draws: Hoisted[] = [...session.feeds].flatMap(([name, tensor]) =>
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
    inputs: session.inputs,
    run: async (feeds) => {
      if (disposed) throw new RangeError("a program that was disposed of cannot run");
      checkFeeds(session.inputs, feeds);
      fillDraws(feeds);
      const drawn = new Map(draws.map(({ name, out }) => [name, out]));
      const given = [...session.feeds.keys()].map((name) => [name, drawn.get(name) ?? float32(feeds[name]!)] as const);
      return (await session.run(Object.fromEntries(given))) as Record<Name, Float32Array>;
    },
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      await end();
    },
  };
}
