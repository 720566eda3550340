import { filled } from "../graph/index.ts";
import type { Optimizer } from "./optimizer.ts";

/** Options of gradient descent; the defaults are PyTorch's. */
export interface SgdOptions {
  /** The share μ of the last velocity that is kept; 0 by default. */
  readonly momentum?: number;
  /** Whether a step looks ahead by one more velocity (Nesterov); false by default. */
  readonly nesterov?: boolean;
}

/**
 * Gradient descent with momentum, by PyTorch's formulas: v ← μ v + g, and θ ← θ − rate · v, or
 * with Nesterov θ ← θ − rate · (g + μ v). Every entry moves by itself, so points may have any
 * shape.
 */
export const sgd = ({ momentum = 0, nesterov = false }: SgdOptions = {}): Optimizer => ({
  recovers: false,
  comparesValues: false,
  init: (d) => (momentum === 0 ? {} : { velocity: filled(0, [d]) }),
  update: ({ point, gradient, rate }, state) => {
    const completed = filled(1, []);
    if (momentum === 0) return { point: point.sub(gradient.mul(rate)), state, completed };
    const velocity = state.velocity!.mul(momentum).add(gradient);
    const step = nesterov ? velocity.mul(momentum).add(gradient) : velocity;
    return { point: point.sub(step.mul(rate)), state: { velocity }, completed };
  },
});
