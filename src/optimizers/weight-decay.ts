import type { Optimizer } from "./optimizer.ts";

/**
 * An optimizer that also pulls its point towards 0: it sees the gradient plus `factor` times the
 * point, as in the `weight_decay` of PyTorch's SGD and Adam.
 */
export const withWeightDecay = (optimizer: Optimizer, factor: number): Optimizer =>
  factor === 0
    ? optimizer
    : {
        ...optimizer,
        update: ({ point, gradient, ...at }, state) => optimizer.update({ ...at, point, gradient: gradient.add(point.mul(factor)) }, state),
      };
