import { epsilonOfGaussian } from "./gaussian.ts";
import { lossProfile } from "./privacy-loss.ts";
import { type RdpSpent, spentByRdp } from "./rdp.ts";
import { requireMechanism, type SampledGaussian } from "./sampled-gaussian.ts";

/** The privacy that a mechanism spends, by two accountants. Both are upper bounds. */
export interface Spent {
  /** By Rényi divergences, as Opacus computes it. */
  readonly rdp: RdpSpent;
  /**
   * A tighter ε: exact where every example is in every step, and otherwise by the law of the privacy
   * loss. It is null where rounding leaves less than it needs, which a very small δ does.
   */
  readonly tight: { readonly accountant: "gaussian" | "pld"; readonly epsilon: number } | null;
}

/**
 * The ε at which the sampled Gaussian mechanism is (ε, dpDelta)-differentially private under
 * add/remove adjacency.
 *
 * @param dpDelta δ, in (0, 1).
 * @throws LeakageError `spec` for a number out of its range.
 *
 * @example
 * ```ts
 * const { rdp, tight } = privacySpent({ multiplier: 1.1, rate: 0.01, steps: 1000 }, 1e-5);
 * console.log(rdp.epsilon, tight?.epsilon); // 1.71…, 1.51…
 * ```
 */
export function privacySpent(mechanism: SampledGaussian, dpDelta: number): Spent {
  requireMechanism(mechanism, dpDelta);
  const { multiplier, rate, steps } = mechanism;
  const rdp = spentByRdp(mechanism, dpDelta);
  if (rate === 1) return { rdp, tight: { accountant: "gaussian", epsilon: epsilonOfGaussian(Math.sqrt(steps) / multiplier, dpDelta) } };
  const epsilons = (["with", "without"] as const).map((direction) => lossProfile(mechanism, direction, 1e-6 * dpDelta).epsilon(dpDelta));
  const epsilon = Math.max(...epsilons);
  return { rdp, tight: epsilon <= rdp.epsilon ? { accountant: "pld", epsilon } : null };
}
