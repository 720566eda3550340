import { describe, expect, it } from "vitest";
import { batchStatistics, fedSgd } from "../../src/client/index.ts";
import { constant, grad, input, type Tensor } from "../../src/graph/index.ts";
import { estimateStatistics, initialWeights, type Mode, models, perChannel } from "../../src/models/index.ts";
import { type DensityPrior, densityOf, priors } from "../../src/priors/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { checkDerivatives, checkLanes, checkRuntime, numbers } from "./evidence.ts";

const task = (shape: readonly number[]) => ({
  shape,
  classes: 3,
  normalization: { mean: [0.5, 0.4, 0.3].slice(0, shape[0]!), std: [0.25, 0.2, 0.3].slice(0, shape[0]!) },
});
const clientOf = (shape: readonly number[], model = "mlp:sizes=4", mode: Mode = "eval") => {
  const built = models.build(model, task(shape));
  return fedSgd({ model: built, weights: initialWeights(built, keyFromSeed(1)), mode });
};
const y = constant([1, 0, 0, 0, 1, 0], [2, 3]);

const specs = [
  "gaussian:mean=0.2,sigma=0.7",
  "gaussian:mean=0.4,sigma=0.3,space=pixel",
  "laplacian:mean=0.1,scale=0.7",
  "laplacian:scale=0.5,scaleAs=std,space=pixel",
  "l2:weight=2",
  "l2:weight=2,norm=l2,space=pixel",
  "l2:weight=2,reduction=sum",
  "range:weight=3",
  "range:weight=3,reduction=mean",
  ...["l1", "squared", "l2", "isotropic"].flatMap((norm) =>
    [2, 4].flatMap((directions) => [true, false].map((wrap) => `tv:weight=1,norm=${norm},directions=${directions},wrap=${wrap}`)),
  ),
  "tv:weight=1,norm=squared,wrap=true,reduction=sum,space=pixel",
  "weighted:prior=(gaussian+tv:weight=1),weight=0.5",
  "gaussian+tv:weight=0.1+range",
];

describe.each(specs)("%s", (spec) => {
  const one = clientOf([3, 3, 4]);
  const logProb = (x: Tensor) => densityOf(priors.build(spec), one).logProb({ x, y });
  // Pixels are in and out of [0, 1].
  const onImages = { shapes: [[2, 3, 3, 4]], build: logProb, from: -3, to: 3 };

  it("has the derivatives that differences measure", () => checkDerivatives(onImages));
  it("is the same in lanes", () => checkLanes(onImages));
  it("is the same in ONNX Runtime", () => checkRuntime(onImages));
});

describe.each(["eval", "train"] as const)("batch-norm of a client in %s mode", (mode) => {
  const one = clientOf([3, 9, 9], "convnet:width=1,pool=average", mode);
  const { logProb } = densityOf(priors.build("batch-norm:weight=1"), one);
  const onImages = { shapes: [[2, 3, 9, 9]], build: (x: Tensor) => logProb({ x, y }) };

  it("has the derivatives that differences measure", () => checkDerivatives(onImages));
  it("is the same in lanes", () => checkLanes(onImages, 2));
  it("is the same in ONNX Runtime", () => checkRuntime(onImages, 1e-4));
  it("compares with what estimateStatistics remembers", async () => {
    const model = models.build("convnet:width=1", task([3, 9, 9]));
    const image = (i: number) => Float32Array.from(numbers(243, i, 0, 1));
    const weights = await estimateStatistics(model, initialWeights(model, keyFromSeed(1)), { count: 4, image }, { batch: 4, threads: 1 });
    const { mean: center, std } = perChannel(model);
    const pixels = constant(
      Float64Array.from({ length: 4 * 243 }, (_, i) => image(Math.floor(i / 243))[i % 243]!),
      [4, 3, 9, 9],
    );
    const own = pixels.sub(center).div(std);
    // The remembered variance is unbiased and the batch's is not: of the first layer, 4·81 / (4·81
    // − 1) times as much.
    const first = batchStatistics(fedSgd({ model, weights, mode }), { x: own, y })[0]!;
    const [mean, variance, runningMean, runningVariance] = evaluate([
      first.batch.mean,
      first.batch.variance,
      first.running.mean,
      first.running.variance,
    ]).map(({ data }) => data[0]!);
    expect(mean).toBeCloseTo(runningMean!, 5);
    expect(variance! * (324 / 323)).toBeCloseTo(runningVariance!, 5);
  });
});

describe("normalization", () => {
  it.each([
    "gaussian:mean=0.2,sigma=0.7",
    "gaussian:mean=0.4,sigma=0.3,space=pixel",
    "laplacian:mean=0.1,scale=0.7",
    "laplacian:mean=0.4,scale=0.5,scaleAs=std,space=pixel",
  ])("%s integrates to 1", (spec) => {
    const one = clientOf([1]);
    const density = densityOf(priors.build(spec), one);
    const step = 1e-2;
    let mass = 0;
    for (let x = -15 + step / 3; x < 15; x += step)
      mass += step * Math.exp(evaluate([density.logProb({ x: constant([x], [1, 1]), y })])[0]!.data[0]!);
    expect(mass).toBeCloseTo(1, 3);
  });

  it("a batch is independent images: the logarithms of normalized priors add", () => {
    const one = clientOf([3, 3, 4]);
    const data = numbers(72, 3);
    for (const spec of ["gaussian:sigma=2", "laplacian:scale=2,space=pixel"]) {
      const density = densityOf(priors.build(spec), one);
      const at = (from: number, to: number, b: number) =>
        evaluate([density.logProb({ x: constant(data.slice(from, to), [b, 3, 3, 4]), y })])[0]!.data[0]!;
      expect(at(0, 72, 2)).toBeCloseTo(at(0, 36, 1) + at(36, 72, 1), 9);
    }
  });
});

describe("flat images", () => {
  it.each(["tv:norm=isotropic", "tv:norm=l2,directions=4", "tv:norm=l1,wrap=true"])("%s is 0 with a derivative of 0", (spec) => {
    const one = clientOf([3, 4, 4]);
    const x = input("x", [1, 3, 4, 4]);
    const value = densityOf(priors.build(spec), one).logProb({ x, y });
    const [zero, gradient] = evaluate([value, grad(value, [x])[0]!], { x: new Float64Array(48).fill(0.3) });
    expect(Math.abs(zero!.data[0]!)).toBe(0);
    expect(Math.max(...gradient!.data.map(Math.abs))).toBe(0);
  });
});

describe("what does not fit", () => {
  it("total variation of vectors is refused", () => {
    expect(() => densityOf(priors.build("tv"), clientOf([5]))).toThrow(
      "The prior tv needs images of at least 2×2; examples here have shape [5].",
    );
  });
  it("batch-norm names what the network lacks", async () => {
    const at = (spec: string, model?: string) => () => densityOf(priors.build(spec), clientOf([3, 9, 9], model));
    expect(at("batch-norm")).toThrow("The prior batch-norm needs a network with batch normalization, and this network has none.");
    expect(at("batch-norm:layers=0/8", "convnet:width=1")).toThrow("layer 8, but the network has 8 normalizations, counted from 0");
    expect(at("batch-norm:layers=1/1", "convnet:width=1")).toThrow("twice");
    const model = models.build("mlp:sizes=4", task([3, 9, 9]));
    await expect(estimateStatistics(model, new Map(), { count: 1, image: () => new Float32Array(243) })).rejects.toThrow(
      "no batch normalization",
    );
    const normalized = models.build("convnet:width=1", task([3, 9, 9]));
    await expect(estimateStatistics(normalized, new Map(), { count: 1, image: () => new Float32Array(243) })).rejects.toThrow(
      "batches of 32 images; got 1.",
    );
  });
  it("a uniform prior over vectors has no draws", () => {
    const uniform = priors.build("uniform") as DensityPrior;
    expect(() => uniform.sample!(clientOf([5]), 1)).toThrow("needs images");
  });
});
