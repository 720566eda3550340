import { type Distribution, kernelOf } from "../distributions/index.ts";
import { filled, type Shape, type Tensor } from "../graph/index.ts";

/**
 * The law of mean + scale · z for independent entries z of a unit law (`normal`, `laplace`), as
 * tensors of `shape`. Mean and scale broadcast against the shape.
 */
export function stretched(
  unit: (mean: Tensor, scale: number) => Distribution<Tensor>,
  { mean, scale }: { readonly mean: Tensor; readonly scale: Tensor },
  shape: Shape,
): Distribution<Tensor> {
  const z = unit(filled(0, shape), 1);
  const logVolume = scale.log().expand(shape).sum();
  return {
    logProb: (x) => z.logProb(x.sub(mean).div(scale)).sub(logVolume),
    kernel: (x) => kernelOf(z, x.sub(mean).div(scale)),
    sample: (key) => z.sample(key).mul(scale).add(mean),
  };
}
