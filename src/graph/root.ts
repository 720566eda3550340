import { type Tensor, where } from "./tensor.ts";

/**
 * √ of sums of squares. The derivative is 0 where they are 0, which is the subgradient of a norm.
 */
export function root(squares: Tensor): Tensor {
  const positive = squares.greater(0);
  return where(positive, where(positive, squares, 1).sqrt(), 0);
}
