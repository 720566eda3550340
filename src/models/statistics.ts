import { LeakageError } from "../errors.ts";
import { constant, input, sizeOf, type Tensor } from "../graph/index.ts";
import { type CompileOptions, compile } from "../runtime/index.ts";
import type { Model } from "./model.ts";
import { perChannel } from "./space.ts";
import type { Weights } from "./weights.ts";

/** Images that are not attacked, for what is estimated from data. */
export interface Examples {
  readonly count: number;
  /**
   * Image i: its entries in the model's shape, in pixel space, where 0 is black and 1 is full
   * intensity.
   */
  image(i: number): Float32Array;
  /** The class of image i, counted from 0, if the images are labeled. */
  label?(i: number): number;
  /** W [classes, d], row by row, if labels are known to be argmax W x. */
  readonly labeling?: Float32Array;
}

/**
 * Weights whose running statistics are those of training images. It runs the model in train mode
 * over whole batches of `batch` images. For each normalization it averages, over batches, the mean
 * and the unbiased variance of its inputs. PyTorch's `BatchNorm2d(momentum=None)` has the same
 * statistics after as many passes.
 *
 * @throws LeakageError `spec` if the model has no batch normalization, or if there are fewer images
 * than one batch.
 */
export async function estimateStatistics(
  model: Model,
  weights: Weights,
  examples: Examples,
  { batch = 32, ...options }: CompileOptions & { readonly batch?: number } = {},
): Promise<Weights> {
  if (model.statistics.length === 0)
    throw new LeakageError("spec", "The model has no batch normalization, so it has no running statistics to estimate.");
  const passes = Math.floor(examples.count / batch);
  if (passes === 0)
    throw new LeakageError("spec", `Running statistics are estimated from whole batches of ${batch} images; got ${examples.count}.`);
  const program = await compile(statisticsOf(model, weights, batch), options);
  const size = sizeOf(model.shape);
  const sums = new Map(model.statistics.map(({ name, shape }) => [name, new Float64Array(sizeOf(shape))]));
  try {
    for (let pass = 0; pass < passes; pass++) {
      const pixels = new Float32Array(batch * size);
      for (let i = 0; i < batch; i++) pixels.set(examples.image(pass * batch + i), i * size);
      for (const [name, data] of Object.entries(await program.run({ pixels })))
        data.forEach((entry, c) => {
          sums.get(name)![c]! += entry / passes;
        });
    }
  } finally {
    await program.dispose();
  }
  const estimated = model.statistics.map(({ name, shape }) => [name, { shape, data: Float32Array.from(sums.get(name)!) }] as const);
  return new Map([...weights, ...estimated]);
}

/** The names of a model's batch normalizations, from the first to the last. */
export const normalizationsOf = ({ statistics }: Pick<Model, "statistics">): readonly string[] =>
  statistics.flatMap(({ name }) => (name.endsWith(".running_mean") ? [name.slice(0, -".running_mean".length)] : []));

/**
 * The mean and the unbiased variance of the inputs of each normalization, by the names of its
 * running statistics. The images are the input `pixels`.
 */
function statisticsOf(model: Model, weights: Weights, batch: number): Record<string, Tensor> {
  const { mean, std } = perChannel(model);
  const x = input("pixels", [batch, ...model.shape])
    .sub(mean)
    .div(std);
  const constants = new Map([...weights].map(([name, { data, shape }]) => [name, constant(data, shape)]));
  const found: Record<string, Tensor> = {};
  const taps = new Map<string, Tensor>();
  const weight = (name: string) => constants.get(name)!;
  model.forward(x, { mode: "train", weight, tap: (name, tensor) => taps.set(name, tensor) });
  for (const layer of normalizationsOf(model)) {
    const [mean, variance] = [taps.get(`${layer}.mean`)!, taps.get(`${layer}.variance`)!];
    const count = taps.get(`${layer}.input`)!.size / mean.size;
    found[`${layer}.running_mean`] = mean;
    found[`${layer}.running_var`] = variance.mul(count / (count - 1));
  }
  return found;
}
