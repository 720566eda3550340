import { type Sampler, simplify, splitInvariant, type Tensor } from "../graph/index.ts";
import { lease } from "./idle.ts";
import { checkFeeds, type Numbers, type Program } from "./program.ts";
import { evaluate, inputsOf, interpret } from "./reference.ts";
import type { Fed } from "./session.ts";

export interface CompileOptions {
  /**
   * Threads of one operation; the number of cores by default. In a browser the first program
   * decides for all, half the cores (at most 4) by default, and only a cross-origin isolated page
   * has more than one.
   */
  readonly threads?: number;
  /**
   * Where to run: `cpu` (the default), or another execution provider of the installed ONNX Runtime.
   */
  readonly device?: string;
  /**
   * `float32` by ONNX Runtime, the default; `float64` by the interpreter: slow, and right to the
   * last digit.
   */
  readonly precision?: "float32" | "float64";
  /**
   * Inputs that are the same in every call. What depends on them alone is computed once, here, and
   * they are not fed again.
   */
  readonly fixed?: Readonly<Record<string, Numbers>>;
}

/**
 * A draw that is made outside the program: which distribution, from which key, into which array.
 */
interface Hoisted {
  readonly sampler: Sampler;
  readonly key: Tensor;
  readonly out: Float32Array;
}

/**
 * Compiles expressions into one ONNX Runtime program. One that was disposed of is taken up again,
 * instead of compiling, where it computes the same with the same constants; {@link releasePrograms}
 * frees what is kept for that.
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

/** The program that is fed with some inputs already. */
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

/** A program of tensors that are simplified already. */
async function open<Name extends string>(
  names: readonly Name[],
  tensors: readonly Tensor[],
  { fixed = {}, ...place }: CompileOptions,
): Promise<Program<Name>> {
  const all = inputsOf(tensors);
  const isFixed = (name: string) => Object.hasOwn(fixed, name);
  checkFeeds(new Map([...all].filter(([name]) => isFixed(name))), fixed);
  const inputs = new Map([...all].filter(([name]) => !isFixed(name)));
  const { session, end } = await lease(names, tensors, place);
  let disposed = false;
  // A step of a small network takes less than a millisecond, so a run does little beside it: what
  // is the same in every run is made here.
  const kept: Record<string, Fed> = {};
  const draws: Hoisted[] = [];
  const fed: string[] = [];
  for (const [name, tensor] of session.feeds) {
    if (tensor.kind === "draw") {
      const out = new Float32Array(tensor.size);
      draws.push({ sampler: (tensor as Tensor<"draw">).attributes.sampler, key: tensor.inputs[0]!, out });
      kept[name] = session.fed(name, out);
    } else if (isFixed(name)) kept[name] = session.fed(name, float32(fixed[name]!));
    else fed.push(name);
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
      if (disposed) throw new RangeError("a program that was disposed of cannot run");
      checkFeeds(inputs, feeds);
      if (draws.length > 0) fillDraws(feeds);
      const given = { ...kept };
      for (const name of fed) given[name] = session.fed(name, float32(feeds[name]!));
      return (await session.run(given)) as Record<Name, Float32Array>;
    },
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      await end();
    },
  };
}
