import { describe, expect, it } from "vitest";
import { fedSgd } from "../../src/client/index.ts";
import { constant, sizeOf, type Tensor } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { cholesky, invertLower } from "../../src/priors/cholesky.ts";
import { type DensityPrior, densityOf, type PriorContext, priors } from "../../src/priors/index.ts";
import { nearestCenters } from "../../src/priors/k-means.ts";
import { expectation, fitMixture } from "../../src/priors/mixture-fit.ts";
import { patchesOf, patchWeights } from "../../src/priors/patches.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { checkDerivatives, checkLanes, checkRuntime, numbers } from "./evidence.ts";

it("k-means finds clusters that lie apart, whatever centers it begins with", () => {
  const [d, count] = [3, 60];
  const data = new Float64Array(d * count);
  fillNormal(keyFromSeed(4), data);
  // Point p belongs to cluster p mod 3, around (0, 0, 0), (0, 20, 0) or (0, 0, 20).
  for (let p = 0; p < count; p++) if (p % 3 > 0) data[p * d + (p % 3)]! += 20;
  for (const seed of [1, 2, 3, 4]) {
    const { nearest } = nearestCenters({ d, count, data }, 3, keyFromSeed(seed));
    expect(new Set(nearest).size).toBe(3);
    nearest.forEach((center, p) => {
      expect(center).toBe(nearest[p % 3]);
    });
  }
});

const clientOf = (shape: readonly number[]) => {
  const model = models.build("mlp:sizes=4", { shape, classes: 3, normalization: { mean: [0.4], std: [0.25] } });
  return fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
};
const y = constant([1, 0, 0, 0, 1, 0], [2, 3]);

/** Examples around 0.2 and, half as many, around 0.7, the same each time. */
const examplesOf = (shape: readonly number[], count = 90): PriorContext => ({
  examples: {
    count,
    image: (i) => {
      const noise = new Float32Array(sizeOf(shape));
      fillNormal(foldIn(keyFromSeed(8), i), noise);
      return noise.map((entry) => (i % 3 === 0 ? 0.7 : 0.2) + 0.05 * entry);
    },
    label: (i) => i % 3,
  },
});

describe.each([
  "gaussian-fit",
  "laplacian-fit",
  "gaussian-fit:perClass=true",
  "laplacian-fit:perClass=true",
  "mixture:components=2",
  "patch-mixture:side=3,stride=2,components=3,patches=300,iterations=4,noise=0.1",
])("%s", (spec) => {
  const shape = [1, 5, 6];
  const one = clientOf(shape);
  const context = examplesOf(shape);
  const { logProb } = densityOf(priors.build(spec, context), one);
  const onImages = { shapes: [[2, ...shape]], build: (x: Tensor) => logProb({ x, y }), from: -1, to: 1.4 };

  it("has the derivatives that differences measure", () => checkDerivatives(onImages));
  it("is the same in lanes", () => checkLanes(onImages));
  it("is the same in ONNX Runtime", () => checkRuntime(onImages, 1e-4));
  it("follows from its parameters and the images", () => {
    const x = constant(numbers(60, 4), [2, ...shape]);
    const at = (text: string, onImages: PriorContext) =>
      evaluate([densityOf(priors.build(text, onImages), one).logProb({ x, y })])[0]!.data[0];
    expect(at(spec, examplesOf(shape))).toBe(at(spec, context));
    expect(at(spec, examplesOf(shape, 60))).not.toBe(at(spec, context));
  });
  it("is refused without images", () => {
    const kind = priors.parse(spec) as { readonly kind: string };
    expect(() => priors.build(spec)).toThrow(
      `The prior ${kind.kind} is estimated from at least two training images, and there are none here.`,
    );
    expect(() => priors.build(`weighted:prior=(${spec})`)).toThrow("training images");
    expect(() => priors.build(`weighted:prior=(${spec})`, context)).not.toThrow();
  });
});

describe("normalization", () => {
  it.each(["gaussian-fit", "laplacian-fit", "mixture:components=2"])("%s integrates to 1, and has the mean of the examples", (spec) => {
    const one = clientOf([1]);
    const density = densityOf(priors.build(spec, examplesOf([1])), one);
    const step = 4e-3;
    let [mass, mean] = [0, 0];
    for (let x = -12 + step / 3; x < 12; x += step) {
      const p = step * Math.exp(evaluate([density.logProb({ x: constant([x], [1, 1]), y })])[0]!.data[0]!);
      mass += p;
      mean += p * (0.4 + 0.25 * x);
    }
    expect(mass).toBeCloseTo(1, 3);
    // Two thirds of the examples are 0.2 ± 0.05, and three quarters of these below the median.
    expect(Math.abs(mean - (spec === "laplacian-fit" ? 0.234 : 0.367))).toBeLessThan(0.02);
  });
});

describe("a fit per class", () => {
  const one = clientOf([1, 2, 2]);
  const context = examplesOf([1, 2, 2], 600);
  const at = (spec: string, pixels: number, label: number) => {
    const x = constant(new Float64Array(4).fill((pixels - 0.4) / 0.25), [1, 1, 2, 2]);
    const given = {
      x,
      y: constant(
        Float64Array.from({ length: 3 }, (_, c) => Number(c === label)),
        [1, 3],
      ),
    };
    return evaluate([densityOf(priors.build(spec, context), one).logProb(given)])[0]!.data[0]!;
  };

  it.each(["gaussian-fit", "laplacian-fit"])("%s is the fit of that class's images alone", (kind) => {
    const { examples } = context;
    const own: PriorContext = { examples: { count: 200, image: (i) => examples!.image(3 * i) } };
    const x = constant(numbers(4, 4), [1, 1, 2, 2]);
    const y = constant([1, 0, 0], [1, 3]);
    const [perClass, alone] = evaluate([
      densityOf(priors.build(`${kind}:perClass=true`, context), one).logProb({ x, y }),
      densityOf(priors.build(kind, own), one).logProb({ x, y }),
    ]);
    expect(perClass!.data[0]).toBeCloseTo(alone!.data[0]!, 8);
  });

  it("expects bright pixels in the bright class, and knows less without classes", () => {
    const spec = "gaussian-fit:perClass=true";
    expect(priors.build(spec, context).usesLabels).toBe(true);
    expect(at(spec, 0.7, 0)).toBeGreaterThan(at("gaussian-fit", 0.7, 0) + 2);
    expect(at(spec, 0.2, 1)).toBeGreaterThan(at("gaussian-fit", 0.2, 1) + 2);
    expect(at(spec, 0.7, 1)).toBeLessThan(at(spec, 0.7, 0) - 50);
  });

  it("needs labels, and takes the fit of all images where a class has none", () => {
    const { label: _, ...unlabeled } = context.examples!;
    expect(() => priors.build("gaussian-fit:perClass=true", { examples: unlabeled })).toThrow("these images have no labels");
    const missing: PriorContext = { examples: { ...context.examples!, label: () => 2 } };
    const x = constant(numbers(4, 4), [1, 1, 2, 2]);
    const given = { x, y: constant([1, 0, 0], [1, 3]) };
    const [own, all] = evaluate([
      densityOf(priors.build("gaussian-fit:perClass=true", missing), one).logProb(given),
      densityOf(priors.build("gaussian-fit", context), one).logProb(given),
    ]);
    expect(own!.data[0]).toBeCloseTo(all!.data[0]!, 8);
  });
});

describe("expectation-maximization", () => {
  const data = new Float64Array(3000);
  fillNormal(keyFromSeed(3), data);
  // Two normals: at −2 with deviation 1, and at 2 with deviation 1/2.
  const points = { d: 2, count: 1500, data: data.map((entry, i) => (Math.floor(i / 2) % 3 === 0 ? 2 + entry / 2 : entry - 2)) };
  const fitted = (iterations: number) => fitMixture(points, { components: 2, iterations, floor: 1e-6 }, keyFromSeed(1));

  it("finds the mixture that points were drawn from", () => {
    const { weights, means, factors } = fitted(50);
    const small = weights[0]! < weights[1]! ? 0 : 1;
    expect(weights[small]).toBeCloseTo(1 / 3, 1);
    for (const [c, center, deviation] of [
      [small, 2, 0.5],
      [1 - small, -2, 1],
    ] as const) {
      for (const j of [0, 1]) expect(Math.abs(means[c * 2 + j]! - center)).toBeLessThan(0.15);
      expect(Math.abs(factors[c * 4]! - deviation)).toBeLessThan(0.1);
      expect(Math.abs(factors[c * 4 + 2]!)).toBeLessThan(0.1);
    }
  });
  it("never makes points less likely", () => {
    const likelihoods = [0, 1, 2, 5, 20].map((n) => expectation(points, fitted(n), new Int32Array(1500)).logLikelihood);
    likelihoods.slice(1).forEach((own, i) => {
      expect(own).toBeGreaterThanOrEqual(likelihoods[i]! - 1e-6);
    });
  });
  it("takes more components than there are different points", () => {
    const same = { d: 2, count: 4, data: Float64Array.of(1, 1, 1, 1, 0, 0, 0, 0) };
    const { weights } = fitMixture(same, { components: 10, iterations: 3, floor: 0.01 }, keyFromSeed(1));
    expect([...weights].every((weight) => Number.isFinite(weight) && weight > 0)).toBe(true);
  });
});

describe("Cholesky", () => {
  it("factors a matrix, and the factor's inverse is one", () => {
    const a = Float64Array.of(4, 2, -1, 2, 5, 0.5, -1, 0.5, 3);
    const l = cholesky(a, 3);
    const inverse = invertLower(l, 3);
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) {
        const sum = (entry: (k: number) => number) => entry(0) + entry(1) + entry(2);
        expect(sum((k) => l[i * 3 + k]! * l[j * 3 + k]!)).toBeCloseTo(a[i * 3 + j]!, 12);
        expect(sum((k) => l[i * 3 + k]! * inverse[k * 3 + j]!)).toBeCloseTo(Number(i === j), 12);
      }
  });
  it("refuses what has none", () => expect(() => cholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow("positive definite at row 1"));
});

describe("what does not fit", () => {
  it("a mixture of whole images is for small ones", () => {
    const shape = [1, 8, 9];
    const mixture = priors.build("mixture", examplesOf(shape)) as DensityPrior;
    expect(() => mixture.sample!(clientOf(shape), 1)).toThrow(
      "The prior mixture takes examples of at most 64 numbers, and these have 72; use patch-mixture for images.",
    );
  });
  it("patches need images that are as large", () => {
    const prior = priors.build("patch-mixture", examplesOf([1, 7, 9]));
    expect(() => densityOf(prior, clientOf([1, 7, 9]))).toThrow("The prior patch-mixture needs images of at least 8×8");
    expect(() => densityOf(prior, clientOf([5]))).toThrow("needs images");
  });
});

describe("the weights of overlapping patches", () => {
  it.each([
    [[1, 9, 9], 3, 2],
    [[3, 8, 13], 4, 1],
    [[1, 8, 8], 8, 4],
    [[2, 7, 5], 2, 2],
  ] as const)("of an image %j with side %d and stride %d count every pixel once", (shape, side, stride) => {
    const weights = patchWeights(shape, side, stride);
    expect(weights.reduce((sum, weight) => sum + weight, 0) * side ** 2).toBeCloseTo(shape[1] * shape[2], 9);
    // Where patches do not overlap, each counts whole.
    if (side === stride && shape[1] % side === 0 && shape[2] % side === 0) expect([...weights].every((weight) => weight === 1)).toBe(true);
    expect(weights.length).toBe(
      patchesOf(constant(new Float32Array(shape[0] * shape[1] * shape[2]), [1, ...shape]), side, stride).shape[0],
    );
  });
});
