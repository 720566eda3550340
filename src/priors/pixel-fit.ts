import type { Distribution } from "../distributions/index.ts";
import { constant, sizeOf, type Tensor } from "../graph/index.ts";
import { type Examples, type Model, perChannel } from "../models/index.ts";
import { following, type Prior } from "./prior.ts";
import { stretched } from "./stretched.ts";
import { onceForExamples, requireLabels, spacedImages, spacedPlaces } from "./training-images.ts";

/**
 * Computes the center and the scale of a pixel from its values in all images. It may reorder the
 * array.
 */
type PixelLaw = (values: Float64Array) => readonly [center: number, scale: number];

/** What a fit of independent pixels follows from, beside its examples. */
interface PixelFit {
  readonly kind: string;
  /** The name of the law with its parameters. */
  readonly name: string;
  readonly law: PixelLaw;
  /** The largest number of images that are used. */
  readonly images: number;
  /** Whether each class has its own fit. */
  readonly perClass: boolean;
}

interface Fitted {
  readonly centers: Float64Array;
  readonly scales: Float64Array;
}

const remembered = onceForExamples<readonly Fitted[]>();

/**
 * The prior whose entries are independent. Each has its own center and scale in pixel space, which
 * `law` computes from training images: from all of them, or from those of the label's class. Labels
 * that are searched count as their likeliest class, and a class with fewer than two images has the
 * fit of all.
 */
export function pixelFit(unit: (mean: Tensor, scale: number) => Distribution<Tensor>, fit: PixelFit, examples: Examples): Prior {
  const { kind, perClass } = fit;
  const labelOf = perClass ? requireLabels(kind, examples) : undefined;
  /** The law of inputs of a shape, from fits of the model's shape as [rows, ...shape]. */
  const lawOf = (model: Model, shape: readonly number[], pick: (rows: (one: Fitted) => Float64Array) => Tensor) => {
    const own = perChannel(model);
    const mean = pick(({ centers }) => centers)
      .sub(own.mean)
      .div(own.std);
    const scale = pick(({ scales }) => scales).div(own.std);
    return stretched(unit, { mean, scale }, shape);
  };
  const fitsOf = ({ classes, shape }: Model) =>
    remembered(examples, `${fit.name} ${perClass ? classes : ""}`, () =>
      labelOf
        ? fittedPerClass(examples, fit, sizeOf(shape), classes, labelOf)
        : [fitted(spacedImages(examples, fit.images), fit.law, sizeOf(shape))],
    );
  if (!perClass) return following((model, shape) => lawOf(model, shape, (rows) => constant(rows(fitsOf(model)[0]!), model.shape)));
  const givenLabels = (model: Model, x: Tensor, y: Tensor) =>
    lawOf(model, x.shape, (rows) => {
      const table = constant(Float64Array.from(fitsOf(model).flatMap((one) => [...rows(one)])), [model.classes, sizeOf(model.shape)]);
      return y.argmax().oneHot(model.classes).matmul(table).reshape(x.shape);
    });
  return {
    usesLabels: true,
    density: ({ model }) => ({
      logProb: ({ x, y }) => givenLabels(model, x, y).logProb(x),
      kernel: ({ x, y }) => givenLabels(model, x, y).kernel!(x),
    }),
  };
}

function fitted(images: readonly Float32Array[], law: PixelLaw, size: number): Fitted {
  const centers = new Float64Array(size);
  const scales = new Float64Array(size);
  for (let i = 0; i < size; i++) [centers[i], scales[i]] = law(Float64Array.from(images, (image) => image[i]!)) as [number, number];
  return { centers, scales };
}

function fittedPerClass(
  examples: Examples,
  { images: most, law }: PixelFit,
  size: number,
  classes: number,
  labelOf: (place: number) => number,
): readonly Fitted[] {
  const all = spacedPlaces(examples, most).map((place) => ({ image: examples.image(place), label: labelOf(place) }));
  const whole = fitted(
    all.map(({ image }) => image),
    law,
    size,
  );
  return Array.from({ length: classes }, (_, c) => {
    const own = all.filter(({ label }) => label === c).map(({ image }) => image);
    return own.length < 2 ? whole : fitted(own, law, size);
  });
}
