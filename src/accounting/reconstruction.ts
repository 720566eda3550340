import { LeakageError } from "../errors.ts";
import { lossProfile } from "./privacy-loss.ts";
import { requireMechanism, type SampledGaussian } from "./sampled-gaussian.ts";
import { normalCdf, normalQuantile } from "./standard-normal.ts";

/**
 * The largest probability with which anybody who sees the updates of a sampled Gaussian mechanism
 * and knows the prior comes within δ of an example.
 *
 * Let an attacker answer A(g) to the updates g, and let E(x) be the event that A(g) is within δ of
 * the example x. Let P(x) be the law of g with x among the examples, and Q the law without x, which
 * does not depend on x. The attacker knows all other examples. Under Q the answer is independent of
 * x, so the mean of Q(E(x)) over the prior is the mean over g of the prior's mass in the ball around
 * A(g), which is at most κ, the largest mass of any ball of radius δ. Let h(t) be the largest P(E)
 * of an event with Q(E) ≤ t. It grows and is concave, as the upper side of a trade-off curve. So the
 * probability of success, the mean of P(x)(E(x)), is at most the mean of h(Q(E(x))), at most h of the
 * mean (Jensen), and at most h(κ).
 *
 * For one update with x in the batch, the noisy sum of clipped gradients is N(s + v, (zC)²) with x
 * and N(s, (zC)²) without, where s is the sum of the others and the clipped gradient v of x has a
 * length of at most C. By Neyman and Pearson h(t) = Φ(Φ⁻¹(t) + ‖v‖/(zC)), so the bound is Φ(Φ⁻¹(κ) +
 * 1/z). A batch of one example has s = 0. Division by B changes nothing. That one example is more
 * or less is the adjacency; no factor 2 arises, because the other law has nothing in the place of x.
 * T updates with x in each are one Gaussian of T times the entries, at a distance of √T/z (the
 * attacker may choose the weights of an update by the earlier ones: Dong, Roth and Su 2022). With a
 * sampling rate below 1, h(κ) is the least κ·e^ε + δ(ε) over ε, with the privacy profile of the
 * composition: P(E) ≤ e^ε Q(E) + δ(ε) for all events.
 *
 * That is reconstruction robustness (Balle, Cherubin and Hayes 2022; Hayes, Mahloujifar and Balle
 * 2023), with the prior in the form of κ.
 *
 * @param kappa κ, or an upper bound of it, from 0 to 1. If an attacker has several answers for one
 * example, it is the largest mass of a union of as many balls, at most κ times their number.
 * @returns a probability from κ to 1.
 * @throws LeakageError `spec` for a number out of its range.
 *
 * @example
 * ```ts
 * // One update with noise multiplier 1, and a prior of 100 equally likely examples:
 * reconstructionBound({ multiplier: 1, rate: 1, steps: 1 }, 0.01); // 0.092…
 * ```
 */
export function reconstructionBound(mechanism: SampledGaussian, kappa: number): number {
  const { multiplier, rate, steps } = mechanism;
  requireMechanism(mechanism, 0.5);
  if (!(kappa >= 0 && kappa <= 1))
    throw new LeakageError("spec", `κ, the largest mass of a ball under the prior, is a number from 0 to 1; got ${kappa}.`);
  if (kappa === 0 || kappa === 1 || steps === 0 || rate === 0) return kappa;
  if (rate === 1) return normalCdf(normalQuantile(kappa) + Math.sqrt(steps) / multiplier);
  return Math.max(kappa, lossProfile(mechanism, "with").power(kappa));
}
