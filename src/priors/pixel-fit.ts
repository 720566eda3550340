import type { Distribution } from "../distributions/index.ts";
import { constant, sizeOf, type Tensor } from "../graph/index.ts";
import { type Examples, perChannel } from "../models/index.ts";
import { following, type Prior } from "./prior.ts";
import { stretched } from "./stretched.ts";
import { onceForExamples, spacedImages } from "./training-images.ts";

/**
 * Computes the center and the scale of a pixel from its values in all images. It may reorder the
 * array.
 */
export type PixelLaw = (values: Float64Array) => readonly [center: number, scale: number];

const remembered = onceForExamples<{ readonly centers: Float64Array; readonly scales: Float64Array }>();

/**
 * The prior whose entries are independent. Each has its own center and scale in pixel space, which
 * `law` computes from at most `images` training images.
 */
export const pixelFit = (
  unit: (mean: Tensor, scale: number) => Distribution<Tensor>,
  { name, law }: { readonly name: string; readonly law: PixelLaw },
  examples: Examples,
  images: number,
): Prior =>
  following((model, shape) => {
    const { centers, scales } = remembered(examples, name, () => fitted(examples, images, sizeOf(model.shape), law));
    const own = perChannel(model);
    const mean = constant(centers, model.shape).sub(own.mean).div(own.std);
    const scale = constant(scales, model.shape).div(own.std);
    return stretched(unit, { mean, scale }, shape);
  });

function fitted(examples: Examples, images: number, size: number, law: PixelLaw) {
  const chosen = spacedImages(examples, images);
  const centers = new Float64Array(size);
  const scales = new Float64Array(size);
  for (let i = 0; i < size; i++) [centers[i], scales[i]] = law(Float64Array.from(chosen, (image) => image[i]!)) as [number, number];
  return { centers, scales };
}
