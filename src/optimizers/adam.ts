import { constant, filled, where } from "../graph/index.ts";
import type { Optimizer } from "./optimizer.ts";
import { unitOf } from "./unit.ts";

/** Options of Adam; the defaults are PyTorch's. */
export interface AdamOptions {
  /**
   * Whether to use only the sign of each gradient entry (Geiping et al. 2020); false by default.
   */
  readonly signed?: boolean;
  /** Decay rate of the mean of gradients; 0.9 by default. */
  readonly beta1?: number;
  /** Decay rate of the mean of squared gradients; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the denominator; 1e-8 by default. */
  readonly epsilon?: number;
  /**
   * Whether to compute in a unit that follows the largest gradient entry; true by default. Without
   * it epsilon is what it says, as in PyTorch, and every entry moves by itself.
   */
  readonly scaled?: boolean;
}

/**
 * Adam (Kingma & Ba 2015), with bias correction, as PyTorch computes it for gradients of ordinary
 * size. It computes in a unit that follows the largest gradient entry so far. Epsilon is at most
 * 1e-8 of that unit, so that the steps hardly depend on the scale of the objective.
 */
export const adam = ({ signed = false, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, scaled = true }: AdamOptions = {}): Optimizer => ({
  recovers: false,
  comparesValues: false,
  init: (d) => ({ m: filled(0, [d]), v: filled(0, [d]), t: constant(0), ...(scaled ? { unit: constant(0) } : {}) }),
  update: ({ point, gradient, rate }, state) => {
    const raw = signed ? gradient.sign() : gradient;
    const largest = raw.abs().max();
    // A gradient that is not finite sets no unit: the lane fails, or goes back.
    const before = state.unit ?? constant(1);
    const unit = scaled ? where(largest.isFinite().and(largest.greater(0)), before.maximum(unitOf(largest)), before) : before;
    const divisor = where(unit.greater(0), unit, 1);
    const g = raw.div(divisor);
    const grown = before.div(divisor);
    const t = state.t!.add(1);
    const m = state
      .m!.mul(grown)
      .mul(beta1)
      .add(g.mul(1 - beta1));
    const v = state
      .v!.mul(grown.square())
      .mul(beta2)
      .add(g.square().mul(1 - beta2));
    const corrected1 = constant(1).sub(constant(beta1).pow(t));
    const corrected2 = constant(1).sub(constant(beta2).pow(t));
    const denominator = v
      .sqrt()
      .div(corrected2.sqrt())
      .add(constant(epsilon).div(divisor.maximum(1)));
    return {
      point: point.sub(m.div(denominator).mul(rate.div(corrected1))),
      state: { m, v, t, ...(scaled ? { unit } : {}) },
      completed: constant(1),
    };
  },
});
